export interface InspectorPage {
  /** Addresses that the webview may load from. */
  readonly script: string;
  readonly style: string;
  /** `webview.cspSource`. */
  readonly source: string;
  /** The script runs only with the nonce of this very page. */
  readonly nonce: string;
}

/** The page of the inspector: nothing inline, nothing from elsewhere, no connection to anywhere. */
export function inspectorHtml({ script, style, source, nonce }: InspectorPage): string {
  const policy = `default-src 'none'; style-src ${source}; font-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>IRQScope inspector</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
