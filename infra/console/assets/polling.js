// Polls until the result is final.

const INTERVAL_MS = 1000;
const MAXIMUM_INTERVAL_MS = 15_000;

/** @param {any} _error */
function noReport(_error) {}

/**
 * Calls `look` with an abort signal, repeatedly, until it returns true or the returned function is called. Polling pauses while
 * the page is hidden. Transient errors are retried with exponential backoff; every error is reported to `failed`.
 */
export function poll(look, failed = noReport) {
  const controller = new AbortController();
  let timer;
  let failures = 0;
  const schedule = () => {
    timer = setTimeout(turn, Math.min(MAXIMUM_INTERVAL_MS, INTERVAL_MS * 2 ** failures));
  };
  async function turn() {
    if (document.hidden) {
      document.addEventListener('visibilitychange', turn, { once: true, signal: controller.signal });
      return;
    }
    try {
      const isFinal = await look(controller.signal);
      failures = 0;
      if (!isFinal && !controller.signal.aborted) schedule();
    } catch (error) {
      if (controller.signal.aborted) return;
      failures += 1;
      failed(error);
      if (error.isTransient) schedule();
    }
  }
  turn();
  return () => {
    controller.abort();
    clearTimeout(timer);
  };
}
