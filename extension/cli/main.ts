declare const __VERSION__: string;

console.log(`irqscope ${__VERSION__}`);
