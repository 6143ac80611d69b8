// SPDX-License-Identifier: Apache-2.0
//
// With whom there are messages, the last of each, and how many were not read. The server knows all
// this; up to where one has read is remembered here as well, since only the WebSocket tells it.

import * as api from './api.js';
import { emit, getOwnId, on, storage } from './state.js';
import { isPushed, markRead } from './push.js';

const STORED = 'doutok.conversations';
// Users that are remembered.
const MAX_STORED = 100;
// Polls between two questions to the list.
const POLLS = 5;

let conversations = new Map();
let openId = 0;
let loading = null;
let polls = 0;

function getStored() {
  const stored = storage.read(STORED);
  return stored?.owner === getOwnId() ? new Map(stored.readTimes) : new Map();
}

function store() {
  const readTimes = [...conversations.values()]
    .filter(({ readTime }) => readTime > 0)
    .sort((a, b) => (b.last?.create_time ?? b.readTime) - (a.last?.create_time ?? a.readTime))
    .slice(0, MAX_STORED)
    .map(({ id, readTime }) => [id, readTime]);
  storage.write(STORED, { owner: getOwnId(), readTimes });
}

function find(id) {
  if (!conversations.has(id))
    conversations.set(id, { id, user: null, last: null, unread: 0, readTime: 0 });
  return conversations.get(id);
}

function isReceived(message) {
  return message.to_user_id === getOwnId();
}

/** The id of the other user of a message. */
export function getPeer(message) {
  return isReceived(message) ? message.from_user_id : message.to_user_id;
}

// What the server has may be older than what has arrived in the meantime. That something was read
// it does not know of while there was no WebSocket to tell it.
function take({ user, message, unread_count: unread }, readTime) {
  const conversation = find(user.id);
  conversation.user = user;
  conversation.readTime ||= readTime;
  if (conversation.last && conversation.last.create_time > message.create_time)
    return;
  conversation.last = message;
  conversation.unread = message.create_time <= conversation.readTime ? 0 : unread;
  if (unread && conversation.readTime)
    markRead(user.id, conversation.readTime);
}

async function load() {
  const owner = getOwnId();
  const found = await api.getConversations();
  if (owner !== getOwnId())
    return;
  const stored = getStored();
  for (const conversation of found)
    take(conversation, stored.get(conversation.user.id) ?? 0);
  emit('unread');
}

/** Brings everything up to date; at most once at a time. */
export function refresh() {
  if (!getOwnId())
    return Promise.resolve();
  loading ??= load().catch((error) => console.info(error.message)).finally(() => {
    loading = null;
  });
  return loading;
}

/** All conversations that have messages, the latest first. */
export function getConversations() {
  return [...conversations.values()].filter(({ last }) => last)
    .sort((a, b) => b.last.create_time - a.last.create_time);
}

export function getUnreadCount() {
  return [...conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
}

/** Says which conversation is being looked at; 0 for none. What arrives there is read. */
export function setOpen(id) {
  openId = id;
}

/** Everything that the user has written so far was read. */
export function setRead(id, time) {
  const conversation = find(id);
  if (conversation.readTime < time) {
    conversation.readTime = time;
    markRead(id, time);
  }
  conversation.unread = 0;
  store();
  emit('unread');
}

async function arrived(message) {
  const id = getPeer(message);
  const conversation = find(id);
  if (conversation.last && conversation.last.create_time >= message.create_time)
    return;
  conversation.last = message;
  if (isReceived(message)) {
    if (openId === id && !document.hidden)
      setRead(id, message.create_time);
    else
      conversation.unread++;
  }
  emit('unread');
  if (!conversation.user) {
    conversation.user = await api.getUser(id).catch(() => null);
    emit('unread');
  }
}

// In another window of the same user.
function wasRead({ user_id: reader, to_user_id: other, time }) {
  if (reader !== getOwnId())
    return;
  const conversation = find(other);
  conversation.readTime = Math.max(conversation.readTime, time);
  if (!conversation.last || conversation.last.create_time <= time)
    conversation.unread = 0;
  store();
  emit('unread');
}

/** Keeps all this up to date from now on. */
export function startConversations() {
  on('session', () => {
    conversations = new Map();
    emit('unread');
    refresh();
  });
  on('message', arrived);
  on('read', wasRead);
  on('resync', refresh);
  on('poll', () => ++polls % POLLS === 0 && !isPushed() && refresh());
  refresh();
}
