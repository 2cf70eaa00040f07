// Uploads: a file goes to the bucket in parts, straight from the page, by addresses that the API signs.
//
// A part that fails is sent again; what has arrived is never sent twice. A pause drops the connections and keeps what arrived.
// What is needed to go on after the page was closed is kept in the browser (the upload's id and what the file looked like); the
// file itself a page may not keep, so its owner picks it again, and only what is missing is sent.
//
// The rule: `arrived` holds exactly the parts whose sending the bucket confirmed, here or in what the API lists.

import * as api from './api.js';

/** Parts on the way at the same time. */
const LANES = 4;
/** Times that one part is tried. */
const TRIES = 6;
/** Longest pause before a part is tried again. */
const LONGEST_WAIT_MS = 8000;
const KEY = 'unfinished-uploads';

/** Uploads that were begun here and not ended, newest first: id, name, bytes, when the file was changed. */
export function unfinished() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

function remember(record) {
  localStorage.setItem(KEY, JSON.stringify([record, ...unfinished().filter((own) => own.id !== record.id)]));
}

export function forget(id) {
  localStorage.setItem(KEY, JSON.stringify(unfinished().filter((own) => own.id !== id)));
}

/** Whether a file is, by all that a page can see, the one that an unfinished upload was begun with. */
export function isSameFile(record, file) {
  return record.name === file.name && record.bytes === file.size && record.modified === file.lastModified;
}

/**
 * One upload. It tells of every change by a `change` event.
 *
 * `state` is `starting`, `sending`, `paused`, `finishing`, `done` (then `content` is its id), `failed` (then `error` says why),
 * or `dropped`.
 */
export class Upload extends EventTarget {
  constructor(file, record = null) {
    super();
    this.file = file;
    this.id = record?.id ?? null;
    this.state = 'starting';
    this.error = null;
    this.content = null;
    this.arrived = new Set();
    this.underway = new Map();
    this.addresses = new Map();
    this.requests = new Set();
    this.partBytes = 0;
    this.parts = 0;
    this.pace = new Pace();
  }

  /** Bytes that have left, of those that have to. */
  get sent() {
    let sum = 0;
    for (const part of this.arrived) sum += this.#size(part);
    for (const own of this.underway.values()) sum += own;
    return Math.min(sum, this.file.size);
  }

  /** Seconds that are left at the pace of late, or nothing. */
  get secondsLeft() {
    return this.pace.secondsFor(this.file.size - this.sent);
  }

  /** Begins, or goes on. */
  async start() {
    if (this.state === 'sending' || this.state === 'finishing') return;
    this.#become('starting');
    try {
      if (this.id === null) await this.#create();
      else await this.#findArrived();
      if (this.state !== 'starting') return;
      await this.#send();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Stops sending; what has arrived stays. */
  pause() {
    if (this.state !== 'sending' && this.state !== 'starting') return;
    this.#become('paused');
    this.#hangUp();
  }

  /** Gives it up: the parts that arrived are thrown away. */
  async drop() {
    this.#become('dropped');
    this.#hangUp();
    if (this.id === null) return;
    forget(this.id);
    await api.abortUpload(this.id).catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  async #create() {
    const made = await api.createUpload(this.file.name, this.file.size);
    this.id = made.upload_id;
    this.#learn(made);
    remember({ id: this.id, name: this.file.name, bytes: this.file.size, modified: this.file.lastModified });
  }

  async #findArrived() {
    const found = await api.upload(this.id);
    if (found.bytes !== this.file.size) throw new Error('This is another file: its size is not that of the one begun with.');
    this.#learn(found);
    this.arrived = new Set(found.arrived);
  }

  #learn({ part_bytes: partBytes, parts, urls }) {
    this.partBytes = partBytes;
    this.parts = parts;
    for (const { part, url } of urls ?? []) this.addresses.set(part, url);
  }

  /** Sends what is missing, side by side, and asks for the whole. */
  async #send() {
    this.#become('sending');
    this.pace.begin(this.sent);
    for (let round = 0; this.state === 'sending'; round += 1) {
      const missing = [];
      for (let part = 1; part <= this.parts; part += 1) if (!this.arrived.has(part)) missing.push(part);
      const lane = async () => {
        while (this.state === 'sending' && missing.length > 0) await this.#sendPart(missing.shift());
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      if (this.state !== 'sending') return;
      this.#become('finishing');
      try {
        const whole = await api.completeUpload(this.id);
        forget(this.id);
        this.content = whole.input_content_id;
        this.#become('done');
      } catch (error) {
        if (error.code !== 'upload_incomplete' || round >= TRIES) throw error;
        await this.#findArrived();
        this.#become('sending');
      }
    }
  }

  /** Sends one part until it is there, or until trying is useless, or until it is to stop. */
  async #sendPart(part) {
    for (let attempt = 1; this.state === 'sending'; attempt += 1) {
      try {
        await this.#put(part, await this.#address(part));
        this.arrived.add(part);
        return;
      } catch (error) {
        if (this.state !== 'sending') return;
        // An address is signed for a while: another may still be good.
        this.addresses.delete(part);
        if (attempt >= TRIES || (error instanceof api.Problem && !error.isPassing)) {
          this.#hangUp();
          throw error;
        }
        await new Promise((resume) => setTimeout(resume, Math.min(LONGEST_WAIT_MS, 250 * 2 ** attempt)));
      } finally {
        this.underway.delete(part);
        this.#changed();
      }
    }
  }

  async #address(part) {
    if (!this.addresses.has(part)) this.#learn(await api.upload(this.id, part));
    const address = this.addresses.get(part);
    if (!address) throw new Error(`The platform gave no address for part ${part}.`);
    return address;
  }

  /** `fetch` does not tell how much of a body has left; `XMLHttpRequest` does. */
  #put(part, address) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.requests.add(request);
      request.open('PUT', address);
      request.upload.onprogress = ({ loaded }) => {
        this.underway.set(part, loaded);
        this.#changed();
      };
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) resolve();
        else reject(new Error(`The bucket answered ${request.status} to part ${part}.`));
      };
      request.onerror = () => reject(new Error('The connection was lost.'));
      request.onabort = () => reject(new Error('It was stopped.'));
      request.onloadend = () => this.requests.delete(request);
      const start = (part - 1) * this.partBytes;
      request.send(this.file.slice(start, start + this.#size(part)));
    });
  }

  #size(part) {
    return Math.min(this.partBytes, this.file.size - (part - 1) * this.partBytes);
  }

  #hangUp() {
    for (const request of this.requests) request.abort();
    this.underway.clear();
  }

  #fail(error) {
    if (this.state === 'paused' || this.state === 'dropped') return;
    this.error = error;
    // The platform no longer knows of it: it can only begin anew.
    if (error.status === 404 && this.id !== null) {
      forget(this.id);
      this.id = null;
      this.arrived.clear();
      this.addresses.clear();
    }
    this.#become('failed');
  }

  #become(state) {
    this.state = state;
    if (state !== 'failed') this.error = null;
    this.#changed();
  }

  #changed() {
    this.pace.note(this.sent);
    this.dispatchEvent(new Event('change'));
  }
}

/** Bytes a second, over the last ten seconds. */
class Pace {
  #seen = [];

  begin(bytes) {
    this.#seen = [{ at: performance.now(), bytes }];
  }

  note(bytes) {
    const now = performance.now();
    this.#seen.push({ at: now, bytes });
    while (this.#seen.length > 2 && this.#seen[0].at < now - 10_000) this.#seen.shift();
  }

  secondsFor(bytes) {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    const seconds = (last?.at - first?.at) / 1000;
    const moved = last?.bytes - first?.bytes;
    return seconds > 1 && moved > 0 ? (bytes * seconds) / moved : null;
  }
}
