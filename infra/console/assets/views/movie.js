// One uploaded file: the verdict on it, and its packages.

import * as api from '../api.js';
import { announce, fill, h, icon } from '../dom.js';
import { follow } from '../follow.js';
import { fileName } from '../format.js';
import { codec, inWords, refusal, sentence, warning } from '../words.js';
import { facts } from './library.js';
import { packageCard } from './package.js';
import { attempt, confirm, notice } from './parts.js';
import { requestDialog } from './request.js';

/** `lost` takes errors that have to do with who is signed in. */
export function movie(id, lost) {
  const top = h('div', { class: 'stack' }, h('p', { class: 'soft' }, 'One moment …'));
  const verdict = h('div', {});
  const problem = h('div', { role: 'alert' });
  const list = h('ul', { class: 'packages', 'aria-label': 'Packages' });
  const again = h('button', { type: 'button' }, icon('plus'), 'Package again');
  const section = h('section', { class: 'stack', hidden: true },
    h('div', { class: 'heading' }, h('h2', {}, 'Packages'), again),
    list);
  const cards = new Map();
  let content = null;
  let unfollow = () => {};

  function failed(error) {
    if (lost(error)) return;
    fill(problem, notice('bad', 'That did not work', inWords(error)));
  }

  /** The verdict first, then its packages for as long as the view is shown. */
  function watch() {
    unfollow();
    unfollow = follow(async (signal) => {
      if (content === null) await findContent(signal);
      if (content === null) return false;
      if (content.status !== 'Ingested') return true;
      const page = await api.packages({ input_content_id: id, limit: 100 }, signal);
      place(page.packaged_content);
      return false;
    }, failed);
  }

  async function findContent(signal) {
    try {
      content = await api.content(id, signal);
    } catch (error) {
      if (error.status !== 404) throw error;
      fill(top, h('h1', {}, 'Not judged yet'), h('p', { class: 'soft' }, 'The file has just arrived and is being looked at, or there is none with this id.'));
      return;
    }
    const name = fileName(content.input_content_origin);
    document.title = `${name} · Video packaging`;
    const remove = h('button', { type: 'button', class: 'quiet' }, 'Delete');
    remove.addEventListener('click', () => deleteContent(remove, name));
    fill(top,
      h('div', { class: 'heading' }, h('h1', {}, name), remove),
      h('p', { class: 'facts' }, facts(content).map((fact) => h('span', {}, fact))));
    fill(verdict, verdictOn(content));
    section.hidden = content.status !== 'Ingested';
    announce(`${name}: ${content.status}.`);
  }

  function place(packages) {
    const now = new Set(packages.map((own) => own.packaged_content_id));
    for (const [own, card] of cards) {
      if (now.has(own)) continue;
      card.leave();
      card.element.remove();
      cards.delete(own);
    }
    for (const own of packages.toReversed()) {
      let card = cards.get(own.packaged_content_id);
      if (!card) {
        card = packageCard(content, failed, watch);
        cards.set(own.packaged_content_id, card);
        list.prepend(card.element);
      }
      card.set(own);
    }
    let hint = list.querySelector('.empty');
    if (cards.size === 0 && !hint) list.append(h('li', { class: 'empty soft' }, 'Not packaged yet.'));
    else if (cards.size > 0) hint?.remove();
  }

  async function deleteContent(button, name) {
    const sure = await confirm(`Delete ${name}?`, 'The uploaded file is deleted. Its packages stay, and go on playing.', 'Delete the file');
    if (!sure) return;
    await attempt(button, async () => {
      await api.deleteContent(id);
      announce(`${name} is deleted.`);
      location.hash = '#/';
    }, failed);
  }

  again.addEventListener('click', () => requestDialog(content, (made) => {
    announce('The package is on its way.');
    location.hash = `#/movies/${encodeURIComponent(made.input_content_id)}`;
    watch();
  }));

  watch();
  const element = h('div', { class: 'page' },
    h('a', { class: 'back', href: '#/' }, icon('back'), 'All movies'),
    h('section', { class: 'stack' }, top, problem, verdict),
    section);
  return {
    element,
    title: 'Movie',
    leave() {
      unfollow();
      for (const card of cards.values()) card.leave();
    },
  };
}

/** What the platform thinks of the file, in words. */
function verdictOn(content) {
  if (content.status === 'Refused') {
    const { title, action } = refusal(content.code);
    return notice('bad', title, sentence(content.message), action, h('p', { class: 'code' }, h('code', {}, content.code)));
  }
  if (content.status === 'Subtitles') {
    return notice('good', 'Subtitles', 'Name this file when you package a movie: under Package again, on the movie’s page.');
  }
  const warnings = content.preflight?.warnings ?? [];
  return [
    warnings.length > 0 && h('details', { class: 'card quiet-card' },
      h('summary', {}, h('span', { class: 'summary-words' }, 'It can be packaged, with ', warnings.length === 1 ? 'a remark' : `${warnings.length} remarks`)),
      h('ul', { class: 'remarks' }, warnings.map((own) => h('li', {},
        h('p', { class: 'notice-title' }, warning(own.code)),
        h('p', {}, sentence(own.message)),
        h('p', { class: 'what-to-do' }, sentence(own.action)))))),
    h('details', { class: 'card quiet-card' },
      h('summary', {}, h('span', { class: 'summary-words' }, 'Tracks')),
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Tracks' }, trackTable(content))),
  ];
}

function trackTable(content) {
  const size = (track) => (track.width ? `${track.width} × ${track.height}` : track.channels ? `${track.channels} channels, ${track.sample_rate / 1000} kHz` : '');
  return h('table', {},
    h('thead', {}, h('tr', {}, ['Track', 'Kind', 'Codec', 'Language', 'Size'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, content.tracks.map((track) => h('tr', {},
      h('th', { scope: 'row' }, String(track.id)),
      h('td', {}, track.type),
      h('td', {}, `${codec(track.codec)} `, h('code', {}, track.codec)),
      h('td', {}, track.language === 'und' ? '' : track.language),
      h('td', {}, size(track))))));
}

