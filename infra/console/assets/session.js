// The bearer token of the signed-in user, stored until the tab is closed and sent to the platform's API only.

const KEY = 'token';

/** The token; null if nobody is signed in or the API needs no token. */
export function token() {
  return sessionStorage.getItem(KEY);
}

export function signIn(value) {
  sessionStorage.setItem(KEY, value);
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}
