// UI components that several views share.

import * as api from '../api.js';
import { announce, h, icon, setText } from '../dom.js';

/** A status badge. The colour repeats the text, so no information depends on colour alone. */
export function badge(text, tone = '') {
  return h('span', { class: `badge ${tone}` }, text);
}

/** The tone of a status. */
export function toneOf(status) {
  return { Ready: 'good', Failed: 'bad', Refused: 'bad', Unreadable: 'bad' }[status] ?? 'busy';
}

/** A notice: title, text, recommended action. */
export function notice(tone, title, text, action, ...more) {
  return h('div', { class: `notice ${tone}` },
    icon(tone === 'good' ? 'check' : 'warning'),
    h('div', {},
      h('p', { class: 'notice-title' }, title),
      text && h('p', {}, text),
      action && h('p', { class: 'notice-action' }, action),
      ...more));
}

/** A progress bar with text below. `set(done, total, text)` updates it; without a total it is indeterminate. */
export function progressBar(label) {
  const progress = h('progress', { 'aria-label': label });
  const figures = h('p', { class: 'figures' });
  return {
    element: h('div', { class: 'bar' }, progress, figures),
    set(done, total, text) {
      if (total) {
        progress.max = total;
        progress.value = done;
      } else {
        progress.removeAttribute('value');
      }
      setText(figures, text);
    },
  };
}

/** A URL with a copy button. With `fresh`, the button copies the URL that `fresh` resolves to instead. */
export function copyLine(label, url, fresh) {
  const button = h('button', { type: 'button', class: 'quiet small' }, icon('copy'), h('span', {}, 'Copy'), h('span', { class: 'unseen' }, ` ${label} URL`));
  const caption = button.querySelector('span');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(fresh ? await fresh() : url);
      setText(caption, 'Copied');
      announce(`${label} URL copied.`);
    } catch {
      setText(caption, 'Copy manually');
      getSelection()?.selectAllChildren(line);
    }
    setTimeout(() => setText(caption, 'Copy'), 2000);
  });
  const line = h('code', {}, url);
  return h('div', { class: 'copy-line' }, h('span', { class: 'copy-label' }, label), line, button);
}

/** Asks for confirmation of an irreversible action. Resolves to whether the user confirmed. */
export function confirm(title, text, verb) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog narrow', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text' },
      h('h2', { id: 'confirm-title' }, title),
      h('p', { id: 'confirm-text' }, text),
      h('form', { method: 'dialog', class: 'row end' },
        h('button', { value: 'no', class: 'quiet', autofocus: true }, 'Cancel'),
        h('button', { value: 'yes', class: 'danger' }, verb)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Runs a button's action. The button is disabled meanwhile; errors are reported to `failed`. */
export async function runAction(button, action, failed) {
  button.disabled = true;
  try {
    await action();
  } catch (error) {
    failed(error);
  } finally {
    button.disabled = false;
  }
}

/**
 * A button that packages with other options. `done` is called when the packages are created.
 *
 * @param {import('../remedies.js').Remedy} remedy
 */
export function remedyButton({ label, requests }, failed, done) {
  const button = h('button', { type: 'button', class: 'first small' }, label);
  button.addEventListener('click', () => runAction(button, async () => {
    for (const request of requests) await api.createPackage(request);
    announce('Package created.');
    done();
  }, failed));
  return button;
}
