// The library: the upload area and the list of input contents, newest first.

import * as api from '../api.js';
import { fill, h, icon, setText } from '../dom.js';
import { errorText } from '../error-messages.js';
import { contentName, contentSummary, isPackageable, isSubtitles, packageStatus } from '../labels.js';
import { startEngine } from '../inspector.js';
import { poll } from '../polling.js';
import { badge, notice, toneOf } from './components.js';
import { uploadArea } from './uploads.js';

const PAGE_SIZE = 25;
const FILTERS = [['', 'All'], ['Ingested', 'Videos'], ['Subtitles', 'Subtitles'], ['Refused', 'Refused']];

let filter = '';
/** The row that was opened, and the scroll position then: where a reader goes on after coming back. @type {{ id: string, scroll: number } | null} */
let opened = null;

/** `handleUnauthorized` handles errors of sign-in and returns whether it did. */
export function library(handleUnauthorized) {
  const list = h('ul', { class: 'movies', 'aria-labelledby': 'movies' });
  const more = h('button', { type: 'button', class: 'quiet', hidden: true }, 'Load more');
  const problem = h('div', { role: 'alert' });
  const rows = new Map();
  let cursor = null;
  let stopPolling = () => {};

  function failed(error) {
    if (!handleUnauthorized(error)) fill(problem, notice('bad', 'Cannot load the library', errorText(error)));
  }

  /** Polls for new contents, and for the packages of all listed contents. */
  function watch() {
    stopPolling();
    stopPolling = poll(async (signal) => {
      const page = await api.listContents({ limit: PAGE_SIZE, status: filter }, signal);
      const packages = await newestPackages(signal);
      fill(problem);
      if (cursor === null) setCursor(page.next_cursor);
      for (const content of page.input_content.toReversed()) add(content, true);
      for (const row of rows.values()) row.setPackage(packages.get(row.id));
      if (rows.size === 0) fill(list, emptyMessage());
      goBack();
      return false;
    }, failed);
  }

  /** Restores focus and scroll position of the row that was opened. */
  function goBack() {
    const row = opened && rows.get(opened.id);
    if (opened && row) {
      row.element.querySelector('a').focus({ preventScroll: true });
      scrollTo(0, opened.scroll);
    }
    opened = null;
  }

  function add(content, atTop) {
    if (rows.has(content.input_content_id)) return;
    if (rows.size === 0) fill(list);
    const row = createRow(content);
    rows.set(content.input_content_id, row);
    if (atTop) list.prepend(row.element);
    else list.append(row.element);
  }

  function setCursor(next) {
    cursor = next ?? '';
    more.hidden = cursor === '';
  }

  more.addEventListener('click', async () => {
    try {
      const page = await api.listContents({ limit: PAGE_SIZE, status: filter, cursor });
      for (const content of page.input_content) add(content, false);
      setCursor(page.next_cursor);
    } catch (error) {
      failed(error);
    }
  });

  const filters = FILTERS.map(([status, name]) => h('label', {},
    h('input', {
      type: 'radio', name: 'status', value: status, checked: status === filter,
      onchange: () => {
        filter = status;
        cursor = null;
        rows.clear();
        fill(list, h('li', { class: 'soft empty' }, 'Loading…'));
        watch();
      },
    }),
    h('span', {}, name)));

  const uploads = uploadArea(handleUnauthorized);
  fill(list, h('li', { class: 'soft empty' }, 'Loading…'));
  watch();
  startEngine();
  const element = h('div', { class: 'page' },
    h('h1', { class: 'unseen' }, 'Videos'),
    uploads.element,
    h('section', { class: 'stack' },
      h('div', { class: 'heading' },
        h('h2', { id: 'movies' }, 'Library'),
        h('fieldset', { class: 'choices' }, h('legend', { class: 'unseen' }, 'Filter'), filters)),
      problem,
      list,
      h('div', { class: 'row middle' }, more)));
  return {
    element,
    leave() {
      stopPolling();
      uploads.leave();
    },
  };
}

function emptyMessage() {
  const messages = {
    '': 'No files yet. Upload a video above; it is checked and packaged automatically.',
    Ingested: 'No videos yet.',
    Subtitles: 'No subtitles yet. Upload WebVTT, SRT, TTML or SCC files in the same way as videos.',
    Refused: 'No refused files.',
  };
  return h('li', { class: 'empty soft' }, messages[filter]);
}

/** The newest package of each content, among the newest 100 packages. */
async function newestPackages(signal) {
  const newest = new Map();
  const page = await api.listPackages({ limit: 100 }, signal);
  for (const pkg of page.packaged_content) {
    if (pkg.status === 'Unreadable') continue;
    for (const id of pkg.input_content_ids ?? [pkg.input_content_id]) if (!newest.has(id)) newest.set(id, pkg);
  }
  return newest;
}

/** @param {Api.Content} content */
function createRow(content) {
  const name = contentName(content);
  const status = isSubtitles(content) ? 'Subtitles' : content.status;
  const state = h('span', { class: 'movie-state' }, badge(status, content.status === 'Ingested' ? '' : toneOf(content.status)));
  const iconName = isSubtitles(content) ? 'text' : content.status === 'Ingested' ? 'film' : 'warning';
  const element = h('li', {},
    h('a', {
      class: 'movie', href: `#/movies/${encodeURIComponent(content.input_content_id)}`,
      onclick: () => { opened = { id: content.input_content_id, scroll: scrollY }; },
    },
      h('span', { class: `tile ${content.status === 'Refused' ? 'bad' : ''}` }, icon(iconName)),
      h('span', { class: 'movie-text' },
        h('span', { class: 'movie-name' }, name),
        h('span', { class: 'summary' }, contentSummary(content).map((item) => h('span', {}, item)))),
      state));
  return {
    id: content.input_content_id,
    element,
    setPackage(pkg) {
      if (!pkg || !isPackageable(content)) return;
      const text = progressText(pkg);
      if (state.firstChild.textContent === text) return;
      fill(state, badge(text, toneOf(pkg.status)));
      state.firstChild.title = packageStatus(pkg);
      setText(state.firstChild, text);
    },
  };
}

/** @param {Api.Package} pkg */
function progressText(pkg) {
  if (pkg.status === 'Unreadable') return pkg.status;
  const { work_units_done: done, work_units_total: total } = pkg.progress ?? {};
  return pkg.status === 'Fragmented' && total ? `Encrypting ${Math.floor((100 * done) / total)} %` : pkg.status;
}
