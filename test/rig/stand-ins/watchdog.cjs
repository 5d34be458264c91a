// Stands in for the native half of VS Code's watchdog: ends the extension host when the server that it belongs to is gone.
const INTERVAL_MS = 2000;
const GONE = 87;

exports.start = parent => {
  setInterval(() => {
    try {
      process.kill(parent, 0);
    } catch {
      process.exit(GONE);
    }
  }, INTERVAL_MS).unref();
};
exports.exit = code => process.exit(code);
