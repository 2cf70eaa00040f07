// Formats numbers, times and names for display.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.3 GB`: a byte count, in decimal units. */
export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `1:02:03` or `0:30`: a media duration. */
export function timecode(seconds) {
  const total = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `2.1 s`, `3 min 5 s`, `2 h 10 min`: an elapsed or remaining time. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3600)} h ${Math.floor(total / 60) % 60} min`;
}

/** `12 of 34 work units`, `1 of 1 work unit`. */
export function outOf(done, total, noun) {
  return `${done} of ${total} ${total === 1 ? noun : `${noun}s`}`;
}

const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A date and time, in the browser's locale; a text that is no time as it is. */
export function dateTime(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : DATE_TIME.format(date);
}

/** Seconds between two ISO 8601 times. */
export function secondsBetween(from, to) {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** The file name of a source URL: the text after the last slash. */
export function fileName(origin) {
  return origin.slice(origin.lastIndexOf('/') + 1) || origin;
}
