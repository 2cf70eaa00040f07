// Entry point of the web console: routing and sign-in.
//
// The URL fragment selects the view: `#/` is the library, `#/movies/ID` one uploaded file. A view is a function that returns its
// element and a `leave` function. If the API does not accept the caller, the sign-in view precedes the selected one.

import * as api from './api.js';
import { fill, h } from './dom.js';
import { errorText } from './error-messages.js';
import * as session from './session.js';
import { library } from './views/library.js';
import { movie } from './views/movie.js';
import { signIn } from './views/sign-in.js';

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const signOut = /** @type {HTMLElement} */ (document.getElementById('sign-out'));
let leave = () => {};
let isSignedIn = false;

/** Shows the view that the URL selects. `isNavigation` is false for the first view: it keeps focus and scroll position. */
async function show(isNavigation = true) {
  leave();
  leave = () => {};
  if (!isSignedIn) {
    // The API answers nobody without a token.
    if (session.token() === null) return place(signIn(false, () => show()), isNavigation);
    try {
      await api.listContents({ limit: 1 });
      isSignedIn = true;
    } catch (error) {
      if (!error.isUnauthorized) return showError(error);
      return place(signIn(true, () => show()), isNavigation);
    }
  }
  signOut.hidden = session.token() === null;
  const [, name, id] = location.hash.split('/');
  place(name === 'movies' && id ? movie(decodeURIComponent(id), handleUnauthorized) : library(handleUnauthorized), isNavigation);
}

function place(view, isNavigation) {
  leave = view.leave ?? leave;
  fill(main, view.element);
  document.title = view.title ? `${view.title} · Video packaging` : 'Video packaging';
  if (isNavigation) {
    scrollTo(0, 0);
    (/** @type {HTMLElement | null} */ (main.querySelector('[autofocus]')) ?? main).focus();
  }
}

/** Shows the sign-in view if the API rejected the token. Returns whether it did; views show other errors themselves. */
function handleUnauthorized(error) {
  if (!error.isUnauthorized) return false;
  isSignedIn = false;
  session.signOut();
  show();
  return true;
}

function showError(error) {
  fill(main, h('section', { class: 'card narrow', role: 'alert' },
    h('h1', {}, 'Service unavailable'),
    h('p', {}, errorText(error)),
    h('button', { type: 'button', onclick: () => show() }, 'Retry')));
}

signOut.addEventListener('click', () => {
  session.signOut();
  isSignedIn = false;
  signOut.hidden = true;
  show();
});
addEventListener('hashchange', () => show());
show(false);
