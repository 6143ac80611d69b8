// SPDX-License-Identifier: Apache-2.0
//
// The WebSocket. While it is open, messages arrive as they happen; while it is not, others ask
// (`poll`), and it is tried again. A browser can send a WebSocket no headers, so this is the one
// place where the token stands in an address.

import * as api from './api.js';
import { emit, getToken, on } from './state.js';

// Milliseconds: between tries, doubled each time; between polls; until an answer; until a token that is
// no longer good must have been replaced.
const RETRY_FIRST = 1000;
const RETRY_MAX = 30000;
const POLL = 3000;
const ANSWER = 8000;
const GRACE = 2000;
// Why the server closed it: the token is no longer good.
const CLOSE_TOKEN = 4001;

let socket = null;
let token = null;
let retry = RETRY_FIRST;
let retryTimer = 0;
let pollTimer = 0;
let lastRef = 0;
const pending = new Map();

export function isPushed() {
  return socket?.readyState === WebSocket.OPEN;
}

function answered(ref, answer) {
  const waiting = pending.get(ref);
  if (!waiting)
    return;
  pending.delete(ref);
  clearTimeout(waiting.timer);
  waiting.resolve(answer);
}

function heard(text) {
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    return;
  }
  if (event.type === 'answer')
    answered(event.ref, event);
  else if (event.type === 'message')
    emit('message', event.message);
  else if (event.type === 'read')
    emit('read', event);
  else if (event.type === 'resync')
    emit('resync');
}

function startPolling() {
  if (!pollTimer)
    pollTimer = setInterval(() => !document.hidden && emit('poll'), POLL);
}

function stopPolling() {
  clearInterval(pollTimer);
  pollTimer = 0;
}

function opened() {
  retry = RETRY_FIRST;
  stopPolling();
  emit('resync');
}

function closed(event) {
  socket = null;
  for (const ref of [...pending.keys()])
    answered(ref, null);
  if (!token)
    return;
  startPolling();
  // Whether the session has ended, the server says to a request; but whoever has just changed the
  // password is about to get another token.
  if (event.code === CLOSE_TOKEN)
    setTimeout((old) => old === token && api.getUser(undefined).catch(() => {}), GRACE, token);
  retryTimer = setTimeout(open, retry * (0.5 + Math.random()));
  retry = Math.min(retry * 2, RETRY_MAX);
}

function open() {
  const url = new URL('douyin/message/ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('token', token);
  const mine = new WebSocket(url);
  socket = mine;
  mine.addEventListener('open', () => socket === mine && opened());
  mine.addEventListener('message', (event) => socket === mine && heard(event.data));
  mine.addEventListener('close', (event) => socket === mine && closed(event));
}

function restart() {
  const before = socket;
  clearTimeout(retryTimer);
  stopPolling();
  token = getToken();
  socket = null;
  retry = RETRY_FIRST;
  if (before !== null && before.readyState === WebSocket.CONNECTING)
    // Browsers complain of one that is closed before it is open.
    before.addEventListener('open', () => before.close());
  else
    before?.close();
  for (const ref of [...pending.keys()])
    answered(ref, null);
  if (token)
    open();
}

// Returns the server's answer; null if there was none.
function command(members) {
  return new Promise((resolve) => {
    const ref = ++lastRef;
    const timer = setTimeout(() => answered(ref, null), ANSWER);
    pending.set(ref, { resolve, timer });
    socket.send(JSON.stringify({ ref, ...members }));
  });
}

/**
 * Sends a message, over the WebSocket if it is open. If that does not work, over HTTP: a name of its
 * own makes it the same message, and a refusal is then in the language of the page.
 *
 * @returns {Promise<object|null>} the message, or null if it is to be asked for
 */
export async function sendMessage(id, content) {
  const requestId = api.makeRequestId();
  if (isPushed()) {
    const answer = await command({ type: 'send', to_user_id: id, content, request_id: requestId });
    if (answer?.status_code === 0)
      return answer.message;
  }
  await api.sendMessage(id, content, requestId);
  return null;
}

/** Tells the server, and so the other user, up to which message everything was read. */
export function markRead(id, time) {
  if (isPushed())
    command({ type: 'read', user_id: id, time });
}

/** Connects whoever is logged in, from now on. */
export function startPush() {
  on('session', () => token !== getToken() && restart());
  window.addEventListener('online', () => token && !isPushed() && restart());
  restart();
}
