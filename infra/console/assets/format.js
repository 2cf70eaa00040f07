// Numbers as people read them.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.3 GB`: three figures, in powers of a thousand. */
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

/** `1:02:03`, or `0:30`. */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `2.1 s`, `3 min 5 s`, `2 h 10 min`: how long something took or will take. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

/** `12 of 34 work units`, and `1 of 1 work unit`. */
export function outOf(done, total, one) {
  return `${done} of ${total} ${plural(total, one)}`;
}

/** `1 track`, `2 tracks`. */
export function count(number, one) {
  return `${number} ${plural(number, one)}`;
}

function plural(number, one) {
  return number === 1 ? one : `${one}s`;
}

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A moment, in the reader's own way of writing it. */
export function moment(iso) {
  return WHEN.format(new Date(iso));
}

/** Seconds from one moment to another. */
export function secondsBetween(from, to) {
  return (new Date(to) - new Date(from)) / 1000;
}

/** The name that an object's file had: what follows the last slash of its address. */
export function fileName(origin) {
  return origin.slice(origin.lastIndexOf('/') + 1) || origin;
}
