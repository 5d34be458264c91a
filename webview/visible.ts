/** Controls and format characters but tab and newline; among them those that turn the direction of text. */
const HIDDEN = /(?![\t\n])[\p{Cc}\p{Cf}]/gu;

/** Text of a scenario as it is written: what would be invisible, or hide something, becomes its escape. */
export function visible(text: string): string {
  return text.replace(HIDDEN, each => `\\u{${each.codePointAt(0)!.toString(16)}}`);
}
