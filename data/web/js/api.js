// SPDX-License-Identifier: Apache-2.0
//
// The server's endpoints, a function each. The token travels in a header, passwords in a body:
// neither stands in an address that a log or a history might keep.

import { endSession, getToken } from './state.js';
import { getLanguage, t } from './i18n.js';

// What the server answers to a token that is no longer valid, or whose user has been banned.
const UNAUTHORIZED = 10004;
const BANNED = 10016;
/** What it answers about things that are not there. */
export const GONE = 10010;
// Milliseconds after which an answer is no longer waited for. Uploads have no such limit: they show
// how far they are, and can be cancelled.
const TIMEOUT = 20000;

/** Why the server did not do what it was asked for; `message` is for the user to read. */
export class Refusal extends Error {
  constructor(code, message, answer = {}) {
    super(message.charAt(0).toUpperCase() + message.slice(1));
    this.code = code;
    this.answer = answer;
  }
}

function getHeaders() {
  const token = getToken();
  const headers = { 'Accept-Language': getLanguage() };
  if (token)
    headers.Authorization = `Bearer ${token}`;
  return headers;
}

// The answer, or the Refusal that it is. That a session has ended is found out here, by whoever asks
// for anything, unless it has another token by now; wrong passwords have the same code, but say that
// they were looked at.
function judge(answer, { token, isCredentials }) {
  if (typeof answer?.status_code !== 'number')
    throw new Refusal(-1, t('error.server'));
  if ([UNAUTHORIZED, BANNED].includes(answer.status_code) && token && token === getToken() && !isCredentials)
    endSession();
  if (answer.status_code !== 0)
    throw new Refusal(answer.status_code, answer.status_msg, answer);
  return answer;
}

function encode(parameters) {
  return new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null));
}

async function call(method, path, parameters, { signal, isCredentials } = {}) {
  const url = new URL(path, document.baseURI);
  const options = { method, headers: getHeaders(), cache: 'no-store', credentials: 'omit' };
  const token = getToken();
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT);
  const stop = () => timeout.abort();

  signal?.addEventListener('abort', stop, { once: true });
  options.signal = timeout.signal;
  if (method === 'GET')
    url.search = encode(parameters);
  else
    options.body = encode(parameters);

  try {
    signal?.throwIfAborted();
    const response = await fetch(url, options);
    return judge(await response.json().catch(() => null), { token, isCredentials });
  } catch (error) {
    if (error instanceof Refusal)
      throw error;
    signal?.throwIfAborted();
    throw new Refusal(-1, t(navigator.onLine ? 'error.network' : 'error.offline'));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

// Likes, follows and feelings that are under way. What is asked for meanwhile waits for them, so that no view shows
// what was before.
const changes = new Set();

async function get(path, parameters, options) {
  await Promise.allSettled([...changes]);
  return call('GET', path, parameters, options);
}

const post = (path, parameters, options) => call('POST', path, parameters, options);

async function change(path, parameters) {
  const answer = post(path, parameters);
  changes.add(answer);
  try {
    return await answer;
  } finally {
    changes.delete(answer);
  }
}

// fetch() does not say how much it has sent; XMLHttpRequest does.
function send(path, form, { onprogress, signal, isCredentials } = {}) {
  const token = getToken();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', new URL(path, document.baseURI));
    for (const [name, value] of Object.entries(getHeaders()))
      request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => onprogress?.(event.loaded, event.total));
    request.addEventListener('load', () => {
      try {
        resolve(judge(request.response, { token, isCredentials }));
      } catch (error) {
        reject(error);
      }
    });
    request.addEventListener('error', () => reject(new Refusal(-1, t('error.upload'))));
    request.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}

function makeForm(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && value !== null)
      form.append(name, value);
  return form;
}

// Links are absolute and made for phones; here they are followed on the address that the page has.
function localize(url) {
  const { pathname, search } = new URL(url, document.baseURI);
  return pathname.includes('/media/') ? pathname + search : url;
}

function fixUser(user) {
  return { ...user, avatar: localize(user.avatar), background_image: localize(user.background_image) };
}

function fixVideo(video) {
  return {
    ...video,
    author: fixUser(video.author),
    play_url: localize(video.play_url),
    cover_url: localize(video.cover_url),
  };
}

const fixUsers = (answer) => ({ users: answer.user_list.map(fixUser), next: answer.next_cursor });
const fixVideos = (answer) => ({ videos: answer.video_list.map(fixVideo), next: answer.next_cursor });
const fixComment = (comment) => ({ ...comment, user: fixUser(comment.user) });

// How many entries a list answers at a time.
const PAGE = 30;

export const isUnauthorized = (error) => error instanceof Refusal && error.code === UNAUTHORIZED;

export const register = (username, password) =>
  post('douyin/user/register/', { username, password }, { isCredentials: true });
export const logIn = (username, password) =>
  post('douyin/user/login/', { username, password }, { isCredentials: true });

export const getUser = async (id, options) =>
  fixUser((await get('douyin/user/', { user_id: id }, options)).user);

/** Deletes the own account, with everything. */
export const deleteAccount = (password) =>
  post('douyin/user/delete/', { password }, { isCredentials: true });

/** Changes a profile. Fields: signature, avatar, background_image, old_password, new_password. */
export async function updateUser(fields, options) {
  const path = 'douyin/user/update/';
  // Multipart forms turn the ends of lines into CRLF, which no signature may contain.
  const answer = Object.values(fields).some((value) => value instanceof Blob)
    ? await send(path, makeForm(fields), { isCredentials: true, ...options })
    : await post(path, fields, { isCredentials: true, ...options });
  return { user: fixUser(answer.user), token: answer.token };
}

/** All that is kept of the user, as a Blob: a zip. It may take long, so it is waited for as long as it takes. */
export async function exportUser(password) {
  const token = getToken();
  let response, zip;
  try {
    response = await fetch(new URL('douyin/user/export/', document.baseURI), {
      method: 'POST', headers: getHeaders(), cache: 'no-store', credentials: 'omit', body: encode({ password }),
    });
    zip = await response.blob();
  } catch {
    throw new Refusal(-1, t(navigator.onLine ? 'error.network' : 'error.offline'));
  }
  if (zip.type !== 'application/zip')
    judge(await zip.text().then(JSON.parse).catch(() => null), { token, isCredentials: true });
  return zip;
}

/** A page of the feed: { videos, nextTime }, older than latestTime. */
export async function getFeed(latestTime, options) {
  const answer = await get('douyin/feed/', { latest_time: latestTime }, options);
  return { videos: answer.video_list.map(fixVideo), nextTime: answer.next_time };
}

export const getWorks = async (id, cursor, options) =>
  fixVideos(await get('douyin/publish/list/', { user_id: id, count: PAGE, cursor }, options));
export const getLikes = async (id, cursor, options) =>
  fixVideos(await get('douyin/favorite/list/', { user_id: id, count: PAGE, cursor }, options));

// The title stands before the file, so that one that is refused is refused at once.
export const publish = (file, title, options) =>
  send('douyin/publish/action/', makeForm({ title, data: file }), options);
export const deleteVideo = (id) => post('douyin/publish/delete/', { video_id: id });

export const setLike = (id, isLiked) =>
  change('douyin/favorite/action/', { video_id: id, action_type: isLiked ? 1 : 2 });
export const setFollow = (id, isFollowed) =>
  change('douyin/relation/action/', { to_user_id: id, action_type: isFollowed ? 1 : 2 });
export const setBlock = (id, isBlocked) =>
  change('douyin/relation/block/', { to_user_id: id, action_type: isBlocked ? 1 : 2 });

/** Tells the administration of a video, comment or user, and why. */
export const report = (type, id, reason) =>
  post('douyin/report/action/', { target_type: type, target_id: id, reason });

/** Whether one blocks a user. */
export async function isBlocked(id, options) {
  let cursor;
  do {
    const answer = await get('douyin/relation/block/list/', { cursor }, options);
    if (answer.user_list.some((user) => user.id === id))
      return true;
    cursor = answer.next_cursor;
  } while (cursor);
  return false;
}

export async function getComments(videoId, cursor, options) {
  const answer = await get('douyin/comment/list/', { video_id: videoId, count: PAGE, cursor }, options);
  return { comments: answer.comment_list.map(fixComment), next: answer.next_cursor };
}

export async function addComment(videoId, text, requestId) {
  const answer = await post('douyin/comment/action/',
    { video_id: videoId, action_type: 1, comment_text: text, request_id: requestId });
  return fixComment(answer.comment);
}

export const deleteComment = (videoId, id) =>
  post('douyin/comment/action/', { video_id: videoId, action_type: 2, comment_id: id });

/** What one thinks of a comment: 1 likes, 2 dislikes, 3 neither. */
export const setFeeling = (commentId, feeling) =>
  change('douyin/comment/feeling/', { comment_id: commentId, action_type: feeling });

export const getFollowing = async (id, cursor, options) =>
  fixUsers(await get('douyin/relation/follow/list/', { user_id: id, count: PAGE, cursor }, options));
export const getFollowers = async (id, cursor, options) =>
  fixUsers(await get('douyin/relation/follower/list/', { user_id: id, count: PAGE, cursor }, options));
export const getFriends = async (id, cursor, options) =>
  fixUsers(await get('douyin/relation/friend/list/', { user_id: id, count: PAGE, cursor }, options));

/** Messages with a user, ascending: all that are kept, or those after `since`; of both, or received. */
export async function getMessages(id, since, both, options) {
  const answer = await get('douyin/message/chat/',
    { to_user_id: id, pre_msg_time: since || undefined, both: both ? 1 : undefined }, options);
  return answer.message_list;
}

/** With whom there are messages, the latest first: [{ user, message, unread_count }]. */
export async function getConversations(options) {
  const answer = await get('douyin/message/conversations/', {}, options);
  return answer.conversation_list.map((conversation) => ({ ...conversation, user: fixUser(conversation.user) }));
}

export const sendMessage = (id, content, requestId) =>
  post('douyin/message/action/', { to_user_id: id, action_type: 1, content, request_id: requestId });

/** A name for something that is sent, so that sending it again does it once. */
export function makeRequestId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
