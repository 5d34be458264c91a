/** Theme colours as VS Code hands them to a webview; only those that the inspector and its toolkit ask for. */
export interface Theme {
  readonly name: string;
  /** Class of the body and `data-vscode-theme-kind`. */
  readonly kind: 'vscode-dark' | 'vscode-light' | 'vscode-high-contrast' | 'vscode-high-contrast-light';
  readonly colours: Readonly<Record<string, string>>;
}

const DARK: Theme = {
  name: 'dark',
  kind: 'vscode-dark',
  colours: {
    foreground: '#cccccc',
    descriptionForeground: '#9d9d9d',
    errorForeground: '#f85149',
    focusBorder: '#0078d4',
    'icon-foreground': '#cccccc',
    'editor-background': '#1f1f1f',
    'editor-foreground': '#cccccc',
    'editorWidget-background': '#202020',
    'editorWarning-foreground': '#cca700',
    'editorGutter-modifiedBackground': '#0078d4',
    'panel-border': '#2b2b2b',
    'editorGroup-border': 'rgba(255, 255, 255, 0.09)',
    'textLink-foreground': '#4daafc',
    'textPreformat-foreground': '#d0d0d0',
    'textPreformat-background': '#3c3c3c',
    'keybindingLabel-foreground': '#cccccc',
    'keybindingLabel-border': 'rgba(51, 51, 51, 0.6)',
    'button-background': '#0078d4',
    'button-foreground': '#ffffff',
  },
};

const LIGHT: Theme = {
  name: 'light',
  kind: 'vscode-light',
  colours: {
    foreground: '#3b3b3b',
    descriptionForeground: '#3b3b3b',
    errorForeground: '#f85149',
    focusBorder: '#005fb8',
    'icon-foreground': '#3b3b3b',
    'editor-background': '#ffffff',
    'editor-foreground': '#3b3b3b',
    'editorWidget-background': '#f8f8f8',
    'editorWarning-foreground': '#bf8803',
    'editorGutter-modifiedBackground': '#005fb8',
    'panel-border': '#e5e5e5',
    'editorGroup-border': '#e5e5e5',
    'textLink-foreground': '#005fb8',
    'textPreformat-foreground': '#3b3b3b',
    'textPreformat-background': 'rgba(0, 0, 0, 0.12)',
    'keybindingLabel-foreground': '#3b3b3b',
    'keybindingLabel-border': 'rgba(204, 204, 204, 0.4)',
    'button-background': '#005fb8',
    'button-foreground': '#ffffff',
  },
};

const HC_DARK: Theme = {
  name: 'hc-dark',
  kind: 'vscode-high-contrast',
  colours: {
    foreground: '#ffffff',
    descriptionForeground: 'rgba(255, 255, 255, 0.7)',
    errorForeground: '#f48771',
    focusBorder: '#f38518',
    contrastBorder: '#6fc3df',
    contrastActiveBorder: '#f38518',
    'icon-foreground': '#ffffff',
    'editor-background': '#000000',
    'editor-foreground': '#ffffff',
    'editorWidget-background': '#0c141f',
    'editorWarning-foreground': '#ffd370',
    'editorGutter-modifiedBackground': '#1b81a8',
    'panel-border': '#6fc3df',
    'editorGroup-border': '#6fc3df',
    'textLink-foreground': '#21a6ff',
    'textPreformat-foreground': '#000000',
    'textPreformat-background': '#ffffff',
    'keybindingLabel-foreground': '#ffffff',
    'keybindingLabel-border': '#6fc3df',
    'button-foreground': '#ffffff',
  },
};

const HC_LIGHT: Theme = {
  name: 'hc-light',
  kind: 'vscode-high-contrast-light',
  colours: {
    foreground: '#292929',
    descriptionForeground: 'rgba(41, 41, 41, 0.7)',
    errorForeground: '#b5200d',
    focusBorder: '#006bbd',
    contrastBorder: '#0f4a85',
    contrastActiveBorder: '#006bbd',
    'icon-foreground': '#292929',
    'editor-background': '#ffffff',
    'editor-foreground': '#292929',
    'editorWidget-background': '#ffffff',
    'editorWarning-foreground': '#895503',
    'editorGutter-modifiedBackground': '#2090d3',
    'panel-border': '#0f4a85',
    'editorGroup-border': '#0f4a85',
    'textLink-foreground': '#0f4a85',
    'textPreformat-foreground': '#ffffff',
    'textPreformat-background': '#09345f',
    'keybindingLabel-foreground': '#292929',
    'keybindingLabel-border': '#0f4a85',
    'button-background': '#0f4a85',
    'button-foreground': '#ffffff',
  },
};

export const THEMES: readonly Theme[] = [DARK, LIGHT, HC_DARK, HC_LIGHT];

/** The style sheet that VS Code puts in front of a webview's own, with the variables of a theme. */
export function themeCss({ colours }: Theme): string {
  const variables = Object.entries(colours).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `:root {
  --vscode-font-family: "DejaVu Sans", sans-serif;
  --vscode-font-size: 13px;
  --vscode-font-weight: normal;
  --vscode-editor-font-family: "DejaVu Sans Mono", monospace;
  --vscode-editor-font-size: 14px;
  ${variables.join('\n  ')}
}
@layer vscode-default {
  body { background-color: transparent; color: var(--vscode-editor-foreground); font-family: var(--vscode-font-family);
    font-size: var(--vscode-font-size); margin: 0; padding: 0 20px; }
  a, a code { color: var(--vscode-textLink-foreground); }
  code { color: var(--vscode-textPreformat-foreground); background-color: var(--vscode-textPreformat-background);
    padding: 1px 3px; border-radius: 4px; }
  kbd { background-color: var(--vscode-keybindingLabel-background); color: var(--vscode-keybindingLabel-foreground);
    border: 1px solid var(--vscode-keybindingLabel-border); border-radius: 3px; padding: 1px 3px; }
}`;
}
