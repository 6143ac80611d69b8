// SPDX-License-Identifier: Apache-2.0
//
// What users do to videos and to each other, from whichever view. The change is shown at once and
// taken back if the server refuses it.

import * as api from './api.js';
import { confirm, toast } from './dom.js';
import { t } from './i18n.js';
import { emit, getSession } from './state.js';

/** Sends guests to log in, and back here afterwards. */
export function requireLogin() {
  if (getSession())
    return true;
  sessionStorage.setItem('doutok.next', location.hash);
  toast(t('login.first'));
  location.hash = '#/login';
  return false;
}

/** Shows why something was refused, unless it was given up by the user. */
export function showRefusal(error) {
  if (error.name === 'AbortError')
    return;
  if (!(error instanceof api.Refusal))
    throw error;
  toast(error.message, 'bad');
}

// What is wanted of each thing that the server is being told about.
const wanted = new Map();

/** Tells the server what is wanted of a thing. One request at a time for each, so that they arrive in their order,
    and of what was wanted meanwhile only the last. What is refused, `change` takes back. */
async function settle(thing, value, send, change) {
  const isUnderWay = wanted.has(thing);
  let known = !value;
  wanted.set(thing, value);
  if (isUnderWay)
    return;
  try {
    while (wanted.get(thing) !== known) {
      const next = wanted.get(thing);
      await send(next);
      known = next;
    }
  } catch (error) {
    change(known);
    showRefusal(error);
  } finally {
    wanted.delete(thing);
  }
}

/** Likes a video, or no longer. `video` is brought up to date. */
export async function like(video, isLiked) {
  if (!requireLogin() || video.is_favorite === isLiked)
    return;
  const change = (value) => {
    const difference = Number(value) - Number(video.is_favorite);
    Object.assign(video, { is_favorite: value, favorite_count: video.favorite_count + difference });
    emit('video', { id: video.id, is_favorite: value, favorite_count: video.favorite_count });
  };
  change(isLiked);
  await settle(`video ${video.id}`, isLiked, (value) => api.setLike(video.id, value), change);
}

/** Follows a user, or no longer. */
export async function follow(user, isFollowed) {
  if (!requireLogin())
    return;
  const change = (value) => {
    if ('follower_count' in user)
      user.follower_count += Number(value) - Number(user.is_follow);
    user.is_follow = value;
    emit('user', { id: user.id, is_follow: value, follower_count: user.follower_count });
  };
  change(isFollowed);
  await settle(`user ${user.id}`, isFollowed, (value) => api.setFollow(user.id, value), change);
}

/** Blocks a user, if that is really meant, or no longer. */
export async function block(user, isBlocked) {
  const { name } = user;
  if (!requireLogin()
      || isBlocked && !await confirm(t('user.block.question', { name }), t('user.block'), t('action.cancel')))
    return;
  try {
    await api.setBlock(user.id, isBlocked);
    if (user.is_follow)
      user.follower_count--;
    emit('user', { id: user.id, is_blocked: isBlocked, is_follow: false, follower_count: user.follower_count });
    toast(t(isBlocked ? 'user.block.done' : 'user.unblock.done', { name }));
  } catch (error) {
    showRefusal(error);
  }
}

/** Reports a video, comment or user, which `name` says something of, if one says why. */
export async function report(type, id, name) {
  if (!requireLogin())
    return;
  const { sendReport } = await import('./report.js');
  await sendReport(type, id, t(`report.${type}`, { name }));
}

/** Deletes one's own video, if that is really meant. */
export async function deleteVideo(video) {
  if (!await confirm(t('video.delete.question', { title: video.title }), t('action.delete'), t('action.cancel')))
    return;
  try {
    await api.deleteVideo(video.id);
    emit('video', { id: video.id, deleted: true });
    toast(t('video.deleted'));
  } catch (error) {
    showRefusal(error);
  }
}
