// SPDX-License-Identifier: Apache-2.0
//
// What all views share: who is logged in, what was chosen, and what changed. Views tell each other
// nothing; they say here what became of a video, a user or a message, and listen for what they show.

const SESSION = 'doutok.session';
const SETTINGS = 'doutok.settings';

const events = new EventTarget();

// Without storage (a private window may refuse it) the session lasts as long as the page.
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value === null)
      localStorage.removeItem(key);
    else
      localStorage.setItem(key, JSON.stringify(value));
  } catch { /* full, or refused */ }
}

/** Stored values, by name; null if there is none. */
export const storage = { read, write };

let session = read(SESSION);
const settings = { muted: false, language: null, ...read(SETTINGS) };

/**
 * Says that something changed. Topics:
 *
 *   session   somebody logged in or out, here or in another tab
 *   video     { id, … } members of a video that changed, or `deleted`
 *   user      { id, … } members of a user that changed
 *   message   a message that arrived or was sent, as the server describes it
 *   read      { user_id, to_user_id, time }: user_id has read what to_user_id wrote
 *   resync    messages may have been missed
 *   unread    the number of unread messages changed
 */
export function emit(topic, detail = null) {
  events.dispatchEvent(new CustomEvent(topic, { detail }));
}

/** Listens to a topic until the signal is aborted. */
export function on(topic, callback, signal) {
  events.addEventListener(topic, (event) => callback(event.detail), { signal });
}

/** Who is logged in: { id, name, token }, or null. */
export function getSession() {
  return session;
}

export function getToken() {
  return session?.token ?? null;
}

/** The id of who is logged in; 0 for a guest. */
export function getOwnId() {
  return session?.id ?? 0;
}

export function beginSession(id, name, token) {
  session = { id, name, token };
  write(SESSION, session);
  emit('session');
}

/** Another token for the same user, after a change of the password. */
export function renewToken(token) {
  session = { ...session, token };
  write(SESSION, session);
  emit('session');
}

export function endSession() {
  session = null;
  write(SESSION, null);
  emit('session');
}

export function getSetting(name) {
  return settings[name];
}

export function setSetting(name, value) {
  settings[name] = value;
  write(SETTINGS, settings);
}

// What another tab did to the session holds here, too.
window.addEventListener('storage', (event) => {
  if (event.key !== SESSION && event.key !== null)
    return;
  session = read(SESSION);
  emit('session');
});
