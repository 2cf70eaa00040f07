// All movies: where a file is dropped, what is on its way, and what is there, newest first.

import * as api from '../api.js';
import { fill, h, icon, tell } from '../dom.js';
import { follow } from '../follow.js';
import { bytes, clock, fileName, moment } from '../format.js';
import { codec, inWords, stageInWords } from '../words.js';
import { badge, notice, toneOf } from './parts.js';
import { uploadArea } from './uploads.js';

const PAGE = 25;
const FILTERS = [['', 'All'], ['Ingested', 'Movies'], ['Subtitles', 'Subtitles'], ['Refused', 'Refused']];

let chosen = '';

/** `lost` takes errors that have to do with who is signed in. */
export function library(lost) {
  const list = h('ul', { class: 'movies', 'aria-labelledby': 'movies' });
  const more = h('button', { type: 'button', class: 'quiet', hidden: true }, 'Show more');
  const problem = h('div', { role: 'alert' });
  const shown = new Map();
  let cursor = null;
  let unfollow = () => {};

  function failed(error) {
    if (!lost(error)) fill(problem, notice('bad', 'The list could not be read', inWords(error)));
  }

  /** Looks for new ones at the top, and at the packages of all that are shown. */
  function watch() {
    unfollow();
    unfollow = follow(async (signal) => {
      const page = await api.contents({ limit: PAGE, status: chosen }, signal);
      const packages = await newestPackages(signal);
      fill(problem);
      if (cursor === null) setMore(page.next_cursor);
      for (const own of page.input_content.toReversed()) show(own, true);
      for (const own of shown.values()) own.tellPackage(packages.get(own.id));
      if (shown.size === 0) fill(list, empty());
      return false;
    }, failed);
  }

  function show(own, isFirst) {
    const known = shown.get(own.input_content_id);
    if (known) return;
    if (shown.size === 0) fill(list);
    const made = row(own);
    shown.set(own.input_content_id, made);
    if (isFirst) list.prepend(made.element);
    else list.append(made.element);
  }

  function setMore(next) {
    cursor = next ?? '';
    more.hidden = cursor === '';
  }

  more.addEventListener('click', async () => {
    try {
      const page = await api.contents({ limit: PAGE, status: chosen, cursor });
      for (const own of page.input_content) show(own, false);
      setMore(page.next_cursor);
    } catch (error) {
      failed(error);
    }
  });

  const filters = FILTERS.map(([status, name]) => h('label', {},
    h('input', {
      type: 'radio', name: 'status', value: status, checked: status === chosen,
      onchange: () => {
        chosen = status;
        cursor = null;
        shown.clear();
        fill(list, h('li', { class: 'soft empty' }, 'One moment …'));
        watch();
      },
    }),
    h('span', {}, name)));

  const uploads = uploadArea(lost);
  fill(list, h('li', { class: 'soft empty' }, 'One moment …'));
  watch();
  const element = h('div', { class: 'page' },
    h('h1', { class: 'unseen' }, 'Movies'),
    uploads.element,
    h('section', { class: 'stack' },
      h('div', { class: 'heading' },
        h('h2', { id: 'movies' }, 'Library'),
        h('fieldset', { class: 'choices' }, h('legend', { class: 'unseen' }, 'Show'), filters)),
      problem,
      list,
      h('div', { class: 'row middle' }, more)));
  return {
    element,
    leave() {
      unfollow();
      uploads.leave();
    },
  };
}

function empty() {
  const words = {
    '': 'Nothing yet. Drop a movie above: it is judged within seconds, and becomes a stream by itself.',
    Ingested: 'No movies yet.',
    Subtitles: 'No subtitle files. WebVTT files are uploaded like movies.',
    Refused: 'Nothing was refused.',
  };
  return h('li', { class: 'empty soft' }, words[chosen]);
}

/** The newest package of each content, of the newest hundred. */
async function newestPackages(signal) {
  const found = new Map();
  const page = await api.packages({ limit: 100 }, signal);
  for (const own of page.packaged_content) {
    for (const id of own.input_content_ids ?? [own.input_content_id]) if (!found.has(id)) found.set(id, own);
  }
  return found;
}

function row(own) {
  const name = fileName(own.input_content_origin);
  const state = h('span', { class: 'movie-state' }, own.status === 'Ingested' ? badge('Ingested') : badge(own.status, toneOf(own.status)));
  const picture = { Refused: 'warning', Subtitles: 'text' }[own.status] ?? 'film';
  const element = h('li', {},
    h('a', { class: 'movie', href: `#/movies/${encodeURIComponent(own.input_content_id)}` },
      h('span', { class: `tile ${own.status === 'Refused' ? 'bad' : ''}` }, icon(picture)),
      h('span', { class: 'movie-words' },
        h('span', { class: 'movie-name' }, name),
        h('span', { class: 'facts' }, facts(own).map((fact) => h('span', {}, fact)))),
      state));
  return {
    id: own.input_content_id,
    element,
    tellPackage(newest) {
      if (!newest || own.status !== 'Ingested') return;
      const text = progressOf(newest);
      const shown = state.firstChild;
      if (shown.textContent === text) return;
      fill(state, badge(text, toneOf(newest.status)));
      state.firstChild.title = stageInWords(newest);
      tell(state.firstChild, text);
    },
  };
}

function progressOf(own) {
  const { work_units_done: done, work_units_total: total } = own.progress ?? {};
  return own.status === 'Fragmented' && total ? `Encrypting ${Math.floor((100 * done) / total)} %` : own.status;
}

/** What a person knows a movie by. */
export function facts(own) {
  const video = own.tracks?.find((track) => track.type === 'video');
  const audio = own.tracks?.find((track) => track.type === 'audio');
  return [
    own.container && clock(own.container.duration / own.container.timescale),
    video?.width && `${video.width} × ${video.height}`,
    [video, audio].filter(Boolean).map((track) => codec(track.codec)).join(' + '),
    bytes(own.bytes),
    moment(own.created_at),
  ].filter(Boolean);
}
