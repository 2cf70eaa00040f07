// Multipart uploads: the browser sends a file to the bucket in parts, with presigned URLs from the API.
//
// A failed part is retried; a part that arrived is never sent again. Pausing aborts the open requests and retains the parts that
// arrived. To resume after the page was closed, the browser stores the upload's id and the file's name, size and modification
// time. A page cannot retain the file itself, so the user selects it again, and only the missing parts are sent.
//
// Invariant: `arrived` contains exactly the parts that the bucket confirmed, to this page or in the API's list of parts.

import * as api from './api.js';

/** Parts that are sent in parallel. */
const CONCURRENT_PARTS = 4;
/** Attempts to send one part. */
const MAXIMUM_ATTEMPTS = 6;
/** Maximum delay before a retry. */
const MAXIMUM_BACKOFF_MS = 8000;
const STORAGE_KEY = 'unfinished-uploads';

/** The stored uploads that are not complete, newest first: id, name, bytes, modification time. */
export function unfinishedUploads() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]');
  } catch {
    return [];
  }
}

function store(record) {
  localStorage.setItem(STORAGE_KEY, JSON.stringify([record, ...unfinishedUploads().filter(({ id }) => id !== record.id)]));
}

/** Removes a stored upload. */
export function forget(uploadId) {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(unfinishedUploads().filter(({ id }) => id !== uploadId)));
}

/** Whether a file has the name, size and modification time of a stored upload's file. */
export function isSameFile(record, file) {
  return record.name === file.name && record.bytes === file.size && record.modified === file.lastModified;
}

/**
 * One upload. It dispatches a `change` event on every change.
 *
 * `state` is `new`, `refused` (the file is held back), `starting`, `sending`, `paused`, `completing`, `done` (`content` is then the
 * content's id), `failed` (`error` is then the cause), or `aborted`.
 */
export class Upload extends EventTarget {
  /** @param {File} file @param {{ id: string } | null} record */
  constructor(file, record = null) {
    super();
    this.file = file;
    /** The ID of the upload, once it is created. @type {any} */
    this.id = record?.id ?? null;
    this.state = 'new';
    this.error = null;
    this.content = null;
    this.arrived = new Set();
    this.sentBytes = new Map();
    this.urls = new Map();
    this.requests = new Set();
    this.partBytes = 0;
    this.parts = 0;
    this.rate = new TransferRate();
  }

  /** Bytes sent: those of the parts that arrived, and those of the open requests. */
  get sent() {
    let sum = 0;
    for (const part of this.arrived) sum += this.#size(part);
    for (const bytes of this.sentBytes.values()) sum += bytes;
    return Math.min(sum, this.file.size);
  }

  /** Seconds remaining at the current transfer rate, or null. */
  get secondsLeft() {
    return this.rate.secondsFor(this.file.size - this.sent);
  }

  /** Starts or resumes the upload. */
  async start() {
    if (this.state === 'sending' || this.state === 'completing') return;
    this.#setState('starting');
    try {
      if (this.id === null) await this.#create();
      else await this.#listArrived();
      if (this.state !== 'starting') return;
      await this.#send();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Holds the file back. */
  refuse() {
    if (this.state === 'new') this.#setState('refused');
  }

  /** Stops sending. The parts that arrived are retained. */
  pause() {
    if (this.state !== 'sending' && this.state !== 'starting') return;
    this.#setState('paused');
    this.#abortRequests();
  }

  /** Aborts the upload. The parts that arrived are deleted. */
  async abort() {
    this.#setState('aborted');
    this.#abortRequests();
    if (this.id === null) return;
    forget(this.id);
    await api.abortUpload(this.id).catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  async #create() {
    const upload = await api.createUpload(this.file.name, this.file.size);
    this.id = upload.upload_id;
    this.#setParts(upload);
    store({ id: this.id, name: this.file.name, bytes: this.file.size, modified: this.file.lastModified });
  }

  async #listArrived() {
    const upload = await api.getUpload(this.id);
    if (upload.bytes !== this.file.size) throw new Error('The file size differs from that of the unfinished upload.');
    this.#setParts(upload);
    this.arrived = new Set(upload.arrived);
  }

  #setParts({ part_bytes: partBytes, parts, urls }) {
    this.partBytes = partBytes;
    this.parts = parts;
    for (const { part, url } of urls ?? []) this.urls.set(part, url);
  }

  /** Sends the missing parts in parallel, then completes the upload. */
  async #send() {
    this.#setState('sending');
    this.rate.start(this.sent);
    for (let round = 0; this.state === 'sending'; round += 1) {
      const missing = [];
      for (let part = 1; part <= this.parts; part += 1) if (!this.arrived.has(part)) missing.push(part);
      const worker = async () => {
        while (this.state === 'sending' && missing.length > 0) await this.#sendPart(missing.shift());
      };
      await Promise.all(Array.from({ length: CONCURRENT_PARTS }, worker));
      if (this.state !== 'sending') return;
      this.#setState('completing');
      try {
        const completed = await api.completeUpload(this.id);
        forget(this.id);
        this.content = completed.input_content_id;
        this.#setState('done');
      } catch (error) {
        if (error.code !== 'upload_incomplete' || round >= MAXIMUM_ATTEMPTS) throw error;
        await this.#listArrived();
        this.#setState('sending');
      }
    }
  }

  /** Sends one part until it arrives, a retry cannot help, or the state changes. */
  async #sendPart(part) {
    for (let attempt = 1; this.state === 'sending'; attempt += 1) {
      try {
        await this.#put(part, await this.#url(part));
        this.arrived.add(part);
        return;
      } catch (error) {
        if (this.state !== 'sending') return;
        // The presigned URL may have expired: request another.
        this.urls.delete(part);
        if (attempt >= MAXIMUM_ATTEMPTS || (error instanceof api.Problem && !error.isTransient)) {
          this.#abortRequests();
          throw error;
        }
        await new Promise((resolve) => setTimeout(() => resolve(null), Math.min(MAXIMUM_BACKOFF_MS, 250 * 2 ** attempt)));
      } finally {
        this.sentBytes.delete(part);
        this.#changed();
      }
    }
  }

  /** The presigned URL of a part. */
  async #url(part) {
    if (!this.urls.has(part)) this.#setParts(await api.getUpload(this.id, part));
    const url = this.urls.get(part);
    if (!url) throw new Error(`The API returned no URL for part ${part}.`);
    return url;
  }

  /** Uses `XMLHttpRequest`, because `fetch` does not report upload progress. */
  #put(part, url) {
    return /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.requests.add(request);
      request.open('PUT', url);
      request.upload.onprogress = ({ loaded }) => {
        this.sentBytes.set(part, loaded);
        this.#changed();
      };
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) resolve();
        else reject(new Error(`S3 returned status ${request.status} for part ${part}.`));
      };
      request.onerror = () => reject(new Error('Network connection lost.'));
      request.onabort = () => reject(new Error('Upload stopped.'));
      request.onloadend = () => this.requests.delete(request);
      const start = (part - 1) * this.partBytes;
      request.send(this.file.slice(start, start + this.#size(part)));
    }));
  }

  #size(part) {
    return Math.min(this.partBytes, this.file.size - (part - 1) * this.partBytes);
  }

  #abortRequests() {
    for (const request of this.requests) request.abort();
    this.sentBytes.clear();
  }

  #fail(error) {
    if (this.state === 'paused' || this.state === 'aborted') return;
    this.error = error;
    // The upload no longer exists: a retry starts a new one.
    if (error.status === 404 && this.id !== null) {
      forget(this.id);
      this.id = null;
      this.arrived.clear();
      this.urls.clear();
    }
    this.#setState('failed');
  }

  #setState(state) {
    this.state = state;
    if (state !== 'failed') this.error = null;
    this.#changed();
  }

  #changed() {
    this.rate.record(this.sent);
    this.dispatchEvent(new Event('change'));
  }
}

/** The transfer rate over the last ten seconds. */
class TransferRate {
  #samples = [];

  start(bytes) {
    this.#samples = [{ at: performance.now(), bytes }];
  }

  record(bytes) {
    const now = performance.now();
    this.#samples.push({ at: now, bytes });
    while (this.#samples.length > 2 && this.#samples[0].at < now - 10_000) this.#samples.shift();
  }

  secondsFor(bytes) {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const seconds = (last?.at - first?.at) / 1000;
    const transferred = last?.bytes - first?.bytes;
    return seconds > 1 && transferred > 0 ? (bytes * seconds) / transferred : null;
  }
}
