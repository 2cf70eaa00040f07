// Looking again and again, until there is nothing more to see.

const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Calls `look` with a signal, again and again, until it answers true or the returned function is called. While nobody sees the
 * page nothing is asked; what fails in passing is asked for again, ever more slowly, and `failed` is told.
 */
export function follow(look, failed = () => {}) {
  const stop = new AbortController();
  let timer;
  let misses = 0;
  const again = () => {
    timer = setTimeout(turn, Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** misses));
  };
  async function turn() {
    if (document.hidden) {
      document.addEventListener('visibilitychange', turn, { once: true, signal: stop.signal });
      return;
    }
    try {
      const isOver = await look(stop.signal);
      misses = 0;
      if (!isOver && !stop.signal.aborted) again();
    } catch (error) {
      if (stop.signal.aborted) return;
      misses += 1;
      failed(error);
      if (error.isPassing) again();
    }
  }
  turn();
  return () => {
    stop.abort();
    clearTimeout(timer);
  };
}
