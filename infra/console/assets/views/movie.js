// One uploaded file: the preflight verdict and its packages.

import * as api from '../api.js';
import { announce, fill, h, icon } from '../dom.js';
import { errorText, failureText, sentence } from '../error-messages.js';
import { contentName, contentSummary, isPackageable, isSubtitles } from '../labels.js';
import { poll } from '../polling.js';
import { remediesOfContent } from '../remedies.js';
import { confirm, notice, remedyButton, runAction } from './components.js';
import { createPackageDialog } from './create-package.js';
import { packageCard } from './package.js';
import { isBeingIngested } from './uploads.js';
import { trackList, warningList } from './verdict.js';

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
  /** @type {Api.Content | null} */
  let content = null;
  /** Whether the shown verdict is that of a content with packages; null before it is shown. @type {boolean | null} */
  let shownAsPackaged = null;
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
      if (!isPackageable(content)) {
        showVerdict(content, false);
        return true;
      }
      const page = await api.listPackages({ input_content_id: id, limit: 100 }, signal);
      showVerdict(content, page.packaged_content.length > 0);
      showPackages(page.packaged_content);
      return false;
    }, failed);
  }

  async function loadContent(signal) {
    try {
      content = await api.getContent(id, signal);
    } catch (error) {
      if (error.status !== 404) throw error;
      const [title, text] = isBeingIngested(id)
        ? ['Checking', 'The upload is being checked.']
        : ['Not found', 'No file has this ID. A file that was just uploaded appears here when it has been checked.'];
      if (top.querySelector('h1')?.textContent !== title) fill(top, h('h1', {}, title), h('p', { class: 'soft' }, text));
      return;
    }
    const name = contentName(content);
    document.title = `${name} · Video packaging`;
    const remove = h('button', { type: 'button', class: 'quiet' }, 'Delete');
    remove.addEventListener('click', () => deleteContent(remove, name));
    fill(top,
      h('div', { class: 'heading' }, h('h1', {}, name), remove),
      h('p', { class: 'summary' }, contentSummary(content).map((item) => h('span', {}, item))));
    section.hidden = !isPackageable(content);
    announce(`${name}: ${content.status}.`);
  }

  /** @param {Api.Content} judged */
  function showVerdict(judged, isPackaged) {
    // Only a refusal reads differently once the content has packages.
    if (shownAsPackaged === isPackaged || (shownAsPackaged !== null && judged.status !== 'Refused')) return;
    shownAsPackaged = isPackaged;
    const remedies = remediesOfContent(judged).map((remedy) => remedyButton(remedy, failed, watch));
    fill(verdict, verdictElements(judged, isPackaged, remedies));
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

  create.addEventListener('click', () => content && content.status !== 'Unreadable' && createPackageDialog(content, (pkg) => {
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

/**
 * The preflight verdict: the reason of a refusal and what can be done about it, or the warnings and the tracks.
 *
 * @param {Api.Content} content
 * @param {boolean} isPackaged whether it has packages
 * @param {HTMLElement[]} remedies
 */
function verdictElements(content, isPackaged, remedies) {
  if (content.status === 'Unreadable') {
    const { title, action } = failureText('unreadable_record');
    return notice('bad', title, sentence(content.problem), action);
  }
  if (content.status === 'Refused') {
    const { title, action } = failureText(content.code);
    const code = h('p', { class: 'code' }, h('code', {}, content.code));
    if (isPackaged) return notice('', `${title}: packaged with other options`, sentence(content.message), null, code);
    return notice('bad', title, sentence(content.message), remedies.length > 0 ? null : action, code, remedies.length > 0 && h('div', { class: 'row' }, remedies));
  }
  if (isSubtitles(content)) {
    return [
      notice('good', 'Subtitles', 'To use this file, open a video, select Create package, and select the file under Subtitles.'),
      warningList(content.preflight?.warnings ?? []),
    ];
  }
  return [warningList(content.preflight?.warnings ?? []), trackList(content.tracks ?? [])];
}
