// One uploaded file: the preflight verdict and its packages.

import * as api from '../api.js';
import { announce, fill, h, icon } from '../dom.js';
import { errorText, failureText, sentence } from '../error-messages.js';
import { codecName, contentName, contentSummary, isPackageable, warningLabel } from '../labels.js';
import { poll } from '../polling.js';
import { confirm, notice, runAction } from './components.js';
import { createPackageDialog } from './create-package.js';
import { packageCard } from './package.js';

/** `handleUnauthorized` handles errors of sign-in and returns whether it did. */
export function movie(id, handleUnauthorized) {
  const top = h('div', { class: 'stack' }, h('p', { class: 'soft' }, 'Loading…'));
  const verdict = h('div', {});
  const problem = h('div', { role: 'alert' });
  const list = h('ul', { class: 'packages', 'aria-label': 'Packages' });
  const create = h('button', { type: 'button' }, icon('plus'), 'Create package');
  const section = h('section', { class: 'stack', hidden: true },
    h('div', { class: 'heading' }, h('h2', {}, 'Packages'), create),
    list);
  const cards = new Map();
  let content = null;
  let stopPolling = () => {};

  function failed(error) {
    if (handleUnauthorized(error)) return;
    fill(problem, notice('bad', 'Request failed', errorText(error)));
  }

  /** Polls for the verdict, then for the packages as long as the view is shown. */
  function watch() {
    stopPolling();
    stopPolling = poll(async (signal) => {
      if (content === null) await loadContent(signal);
      if (content === null) return false;
      if (!isPackageable(content)) return true;
      const page = await api.listPackages({ input_content_id: id, limit: 100 }, signal);
      showPackages(page.packaged_content);
      return false;
    }, failed);
  }

  async function loadContent(signal) {
    try {
      content = await api.getContent(id, signal);
    } catch (error) {
      if (error.status !== 404) throw error;
      fill(top, h('h1', {}, 'Ingesting'), h('p', { class: 'soft' }, 'The upload is being checked, or no upload has this ID.'));
      return;
    }
    const name = contentName(content);
    document.title = `${name} · Video packaging`;
    const remove = h('button', { type: 'button', class: 'quiet' }, 'Delete');
    remove.addEventListener('click', () => deleteContent(remove, name));
    fill(top,
      h('div', { class: 'heading' }, h('h1', {}, name), remove),
      h('p', { class: 'summary' }, contentSummary(content).map((item) => h('span', {}, item))));
    fill(verdict, verdictElements(content));
    section.hidden = !isPackageable(content);
    announce(`${name}: ${content.status}.`);
  }

  function showPackages(packages) {
    const listed = new Set(packages.map((pkg) => pkg.packaged_content_id));
    for (const [packageId, card] of cards) {
      if (listed.has(packageId)) continue;
      card.leave();
      card.element.remove();
      cards.delete(packageId);
    }
    for (const pkg of packages.toReversed()) {
      let card = cards.get(pkg.packaged_content_id);
      if (!card) {
        card = packageCard(failed, watch);
        cards.set(pkg.packaged_content_id, card);
        list.prepend(card.element);
      }
      card.set(pkg);
    }
    const hint = list.querySelector('.empty');
    if (cards.size === 0 && !hint) list.append(h('li', { class: 'empty soft' }, 'No packages yet.'));
    else if (cards.size > 0) hint?.remove();
  }

  async function deleteContent(button, name) {
    const confirmed = await confirm(`Delete ${name}?`, 'The source file is deleted. Its packages are retained and continue to play.', 'Delete file');
    if (!confirmed) return;
    await runAction(button, async () => {
      await api.deleteContent(id);
      announce(`${name} deleted.`);
      location.hash = '#/';
    }, failed);
  }

  create.addEventListener('click', () => createPackageDialog(content, (pkg) => {
    announce('Package created.');
    location.hash = `#/movies/${encodeURIComponent(pkg.input_content_id)}`;
    watch();
  }));

  watch();
  const element = h('div', { class: 'page' },
    h('a', { class: 'back', href: '#/' }, icon('back'), 'All videos'),
    h('section', { class: 'stack' }, top, problem, verdict),
    section);
  return {
    element,
    title: 'Video',
    leave() {
      stopPolling();
      for (const card of cards.values()) card.leave();
    },
  };
}

/** The preflight verdict: the reason of a refusal, or the warnings and the tracks. */
function verdictElements(content) {
  if (content.status === 'Refused') {
    const { title, action } = failureText(content.code);
    return notice('bad', title, sentence(content.message), action, h('p', { class: 'code' }, h('code', {}, content.code)));
  }
  if (content.status === 'Unreadable') {
    const { title, action } = failureText('unreadable_record');
    return notice('bad', title, sentence(content.problem), action);
  }
  if (content.status === 'Subtitles') {
    return notice('good', 'Subtitles', 'To use this file, open a video, select Create package, and select the file under Subtitles.');
  }
  const warnings = content.preflight?.warnings ?? [];
  return [
    warnings.length > 0 && h('details', { class: 'card quiet-card' },
      h('summary', {}, warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`),
      h('ul', { class: 'warnings' }, warnings.map((warning) => h('li', {},
        h('p', { class: 'notice-title' }, warningLabel(warning.code)),
        h('p', {}, sentence(warning.message)),
        h('p', { class: 'notice-action' }, sentence(warning.action)))))),
    h('details', { class: 'card quiet-card' },
      h('summary', {}, 'Tracks'),
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Tracks' }, trackTable(content))),
  ];
}

function trackTable(content) {
  const format = (track) => (track.width ? `${track.width} × ${track.height}` : track.channels ? `${track.channels} channels, ${track.sample_rate / 1000} kHz` : '');
  return h('table', {},
    h('thead', {}, h('tr', {}, ['Track', 'Type', 'Codec', 'Language', 'Format'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, content.tracks.map((track) => h('tr', {},
      h('th', { scope: 'row' }, String(track.id)),
      h('td', {}, track.type),
      h('td', {}, `${codecName(track.codec)} `, h('code', {}, track.codec)),
      h('td', {}, track.language === 'und' ? '' : track.language),
      h('td', {}, format(track))))));
}
