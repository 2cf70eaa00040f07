// Small pieces that several views show alike.

import { announce, h, icon, tell } from '../dom.js';

/** A word on a coloured ground; the colour says nothing that the word does not. */
export function badge(text, tone = '') {
  return h('span', { class: `badge ${tone}` }, text);
}

/** The tone of a package's status. */
export function toneOf(status) {
  return { Ready: 'good', Failed: 'bad', Refused: 'bad' }[status] ?? 'busy';
}

/** Something that went wrong, or that should be known: title, text, what to do. */
export function notice(tone, title, text, action, ...more) {
  return h('div', { class: `notice ${tone}` },
    icon(tone === 'good' ? 'check' : 'warning'),
    h('div', {},
      h('p', { class: 'notice-title' }, title),
      text && h('p', {}, text),
      action && h('p', { class: 'what-to-do' }, action),
      ...more));
}

/** A progress bar with words below. `set(done, total, words)` moves it; without a total it says that something is going on. */
export function bar(label) {
  const progress = h('progress', { 'aria-label': label });
  const words = h('p', { class: 'figures' });
  return {
    element: h('div', { class: 'bar' }, progress, words),
    set(done, total, text) {
      if (total) {
        progress.max = total;
        progress.value = done;
      } else {
        progress.removeAttribute('value');
      }
      tell(words, text);
    },
  };
}

/** A line to copy: what it is, the line, and a button. With `fresh`, what that answers is copied instead. */
export function copyLine(label, text, fresh) {
  const button = h('button', { type: 'button', class: 'quiet small' }, icon('copy'), h('span', {}, 'Copy'), h('span', { class: 'unseen' }, ` the ${label} address`));
  const said = button.querySelector('span');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(fresh ? await fresh() : text);
      tell(said, 'Copied');
      announce(`The ${label} address is copied.`);
    } catch {
      tell(said, 'Select and copy');
      getSelection().selectAllChildren(line);
    }
    setTimeout(() => tell(said, 'Copy'), 2000);
  });
  const line = h('code', {}, text);
  return h('div', { class: 'copy-line' }, h('span', { class: 'copy-label' }, label), line, button);
}

/** Asks before something that cannot be taken back. Answers whether to do it. */
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

/** Runs something that a button started: the button rests meanwhile, and what goes wrong is said. */
export async function attempt(button, work, failed) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    failed(error);
  } finally {
    button.disabled = false;
  }
}
