// SPDX-License-Identifier: Apache-2.0
//
// Videos, one a screen: everybody's (endless), or the works or likes of one user from where that was
// opened. Swiping is the browser's own scrolling; the wheel and the keys go from video to video.

import * as api from '../api.js';
import { like, showRefusal } from '../actions.js';
import { h, iconButton, loadStyle, prefersStill } from '../dom.js';
import { t } from '../i18n.js';
import { closePanel, isPanelOpen } from '../panel.js';
import { Slide } from '../slide.js';
import { getOwnId, getSetting, on, setSetting } from '../state.js';

// Slides on either side of the current one whose videos are loaded.
const NEAR = 1;
const PRELOAD = 2;
// More slides are asked for when fewer than this are left.
const AHEAD = 5;
// Slides that are kept; those before them are dropped, a page at a time.
const MAX_SLIDES = 90;
const DROP = 30;
// How far a wheel must turn, in pixels, and how long it then rests, in milliseconds: a touchpad goes
// on turning for a while.
const WHEEL_STEP = 40;
const WHEEL_REST = 450;

// Where everybody's feed was left, and by whom.
let left = null;

class Feed {
  constructor(root, source, signal) {
    this.source = source;
    this.signal = signal;
    this.ownId = getOwnId();
    this.slides = [];
    this.index = -1;
    this.isLoading = false;
    this.isAtEnd = false;
    this.wheel = { sum: 0, rest: 0 };
    this.element = h('div.feed', { role: 'feed', 'aria-label': t('feed.label'), 'aria-busy': 'true' });
    this.root = root;
    root.append(this.element, h('div.feed-steps', {},
      iconButton('', 'up', t('feed.previous'), () => this.step(-1)),
      iconButton('', 'down', t('feed.next'), () => this.step(1))));
    this.observer = new IntersectionObserver((entries) => this.seen(entries),
      { root: this.element, threshold: 0.6 });
    this.listen();
  }

  listen() {
    const { signal } = this;
    this.element.addEventListener('wheel', (event) => this.turn(event), { signal, passive: false });
    document.addEventListener('keydown', (event) => this.key(event), { signal });
    document.addEventListener('visibilitychange', () => this.changeVisibility(), { signal });
    window.addEventListener('resize', () => this.scrollTo(this.index, 'instant'), { signal });
    on('video', (change) => this.change(change), signal);
    on('user', (change) => this.changeUser(change), signal);
    signal.addEventListener('abort', () => this.close());
  }

  get current() {
    return this.slides[this.index];
  }

  close() {
    this.observer.disconnect();
    if (this.source.isEndless && this.slides.length)
      left = { videos: this.slides.map((slide) => slide.data), index: this.index, source: this.source, ownId: this.ownId };
    for (const slide of this.slides)
      slide.unload();
  }

  add(videos) {
    for (const video of videos) {
      const slide = new Slide(video, {
        oncomments: (data) => this.openComments(data),
        onmute: () => this.toggleMuted(),
      });
      this.slides.push(slide);
      this.element.append(slide.element);
      this.observer.observe(slide.element);
    }
  }

  /** Gets more, if there is any. Where there is nothing yet, it is the view that fails. */
  async more() {
    if (this.isLoading || this.isAtEnd)
      return;
    this.isLoading = true;
    this.element.setAttribute('aria-busy', 'true');
    try {
      const videos = await this.source.next({ signal: this.signal });
      this.isAtEnd = videos.length === 0;
      this.add(videos);
    } catch (error) {
      if (this.slides.length === 0)
        throw error;
      if (!this.signal.aborted)
        showRefusal(error);
      this.isAtEnd = !this.source.isEndless;
    } finally {
      this.isLoading = false;
      this.element.setAttribute('aria-busy', 'false');
    }
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const index = this.slides.findIndex((slide) => slide.element === target);
      if (isIntersecting && index >= 0)
        this.select(index);
    }
  }

  /** Makes a slide the one that plays. */
  select(index) {
    const before = this.current;
    const slide = this.slides[index];
    if (before === slide)
      return;
    if (before && isPanelOpen())
      closePanel();
    this.index = index;
    this.loadAround();
    before?.setCurrent(false);
    slide.setCurrent(true);
    if (this.slides.length - index <= AHEAD)
      this.more().then(() => !this.signal.aborted && this.loadAround());
    this.drop();
  }

  loadAround() {
    for (const [i, slide] of this.slides.entries()) {
      const distance = i - this.index;
      if (Math.abs(distance) <= AHEAD)
        slide.load(distance >= -NEAR && distance <= PRELOAD);
      else
        slide.unload();
    }
  }

  // What was dropped above moves what is seen up; the scroll position follows in the same frame.
  drop() {
    if (this.slides.length <= MAX_SLIDES || this.index < DROP + NEAR)
      return;
    for (const slide of this.slides.splice(0, DROP)) {
      this.observer.unobserve(slide.element);
      slide.unload();
      slide.element.remove();
    }
    this.index -= DROP;
    this.scrollTo(this.index, 'instant');
  }

  scrollTo(index, behavior) {
    const slide = this.slides[index];
    if (slide)
      this.element.scrollTo({ top: slide.element.offsetTop, behavior });
  }

  step(direction) {
    const index = Math.min(Math.max(this.index + direction, 0), this.slides.length - 1);
    this.scrollTo(index, prefersStill() ? 'instant' : 'smooth');
    if (prefersStill())
      this.select(index);
  }

  turn(event) {
    if (event.ctrlKey)
      return;
    event.preventDefault();
    const now = performance.now();
    if (now < this.wheel.rest)
      return;
    this.wheel.sum += event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_STEP);
    if (Math.abs(this.wheel.sum) < WHEEL_STEP)
      return;
    this.step(Math.sign(this.wheel.sum));
    this.wheel = { sum: 0, rest: now + WHEEL_REST };
  }

  key(event) {
    const { target } = event;
    const isText = target.matches('input:not([type=range]), textarea, select, [contenteditable]');
    if (isText || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]'))
      return;
    const isButton = target.matches('button, a');
    const actions = {
      ArrowDown: () => this.step(1),
      ArrowUp: () => this.step(-1),
      PageDown: () => this.step(1),
      PageUp: () => this.step(-1),
      ' ': isButton ? null : () => this.current?.togglePlay(),
      l: () => this.current && like(this.current.data, !this.current.data.is_favorite),
      c: () => this.current && this.openComments(this.current.data),
      m: () => this.toggleMuted(),
    };
    const action = actions[event.key];
    if (!action || (document.getElementById('panel').contains(target) && event.key.startsWith('Arrow')))
      return;
    event.preventDefault();
    action();
  }

  toggleMuted() {
    const isMuted = this.current?.isMuted() ?? getSetting('muted');
    Slide.isSilenced = false;
    setSetting('muted', !isMuted);
    for (const slide of this.slides)
      slide.setMuted();
  }

  changeVisibility() {
    if (document.hidden)
      this.current?.pause();
    else
      this.current?.play();
  }

  async openComments(video) {
    const [{ openComments }] = await Promise.all([import('./comments.js'), loadStyle('comments')]);
    if (!this.signal.aborted)
      openComments(video);
  }

  change({ id, deleted, ...members }) {
    for (const slide of this.slides.filter((other) => other.data.id === id)) {
      if (deleted) {
        this.remove(slide);
      } else {
        Object.assign(slide.data, members);
        slide.update();
      }
    }
  }

  changeUser({ id, ...members }) {
    for (const slide of this.slides.filter((other) => other.data.author.id === id)) {
      Object.assign(slide.data.author, members);
      slide.update();
    }
  }

  remove(slide) {
    const index = this.slides.indexOf(slide);
    this.observer.unobserve(slide.element);
    slide.unload();
    slide.element.remove();
    this.slides.splice(index, 1);
    if (index < this.index)
      this.index--;
    else if (index === this.index)
      this.index = -1;
    if (this.slides.length === 0)
      this.showEmpty();
    else if (this.index < 0)
      this.select(Math.min(index, this.slides.length - 1));
  }

  showEmpty() {
    this.root.replaceChildren(h('div.empty', {},
      h('h1', {}, t('feed.empty')),
      h('p', {}, t('feed.empty.hint')),
      h('a.button.primary', { href: '#/upload' }, t('nav.upload'))));
  }
}

// Everybody's videos, newest first, round and round; `starts` are where the page of each began.
function makeEndlessSource(nextTime = 0) {
  return {
    isEndless: true,
    starts: new WeakMap(),
    async next(options) {
      const start = nextTime;
      const page = await api.getFeed(start || undefined, options);
      nextTime = page.nextTime;
      for (const video of page.videos)
        this.starts.set(video, start);
      return page.videos;
    },
  };
}

// Where everybody's feed goes on. Another user likes and follows others: the page that was left is asked for
// again.
function resume() {
  if (left?.ownId === getOwnId())
    return { source: left.source, videos: left.videos, find: () => left.index };
  const video = left?.videos[left.index];
  return {
    source: makeEndlessSource(video && left.source.starts.get(video)),
    videos: [],
    find: (slides) => slides.findIndex((slide) => slide.data.id === video?.id),
  };
}

// The list of one user, from its beginning to its end.
function makeListSource({ id, list }) {
  const get = list === 'likes' ? api.getLikes : api.getWorks;
  let cursor;
  let isAtEnd = false;
  return {
    isEndless: false,
    async next(options) {
      if (isAtEnd)
        return [];
      const page = await get(id, cursor, options);
      cursor = page.next;
      isAtEnd = !cursor;
      return page.videos;
    },
  };
}

export async function show(root, parameters, signal) {
  const isList = 'list' in parameters;
  const wanted = Number(parameters.video);
  const resumed = isList ? null : resume();
  const feed = new Feed(root, isList ? makeListSource(parameters) : resumed.source, signal);
  if (isList)
    root.append(iconButton('.feed-back', 'back', t('action.back'), () => history.back()));

  let index;
  feed.add(resumed?.videos ?? []);
  if (feed.slides.length === 0)
    await feed.more();
  if (resumed)
    index = resumed.find(feed.slides);
  else
    while ((index = feed.slides.findIndex((slide) => slide.data.id === wanted)) < 0 && !feed.isAtEnd)
      await feed.more();
  if (signal.aborted)
    return;

  if (isList && index < 0)
    throw new api.Refusal(api.GONE, t('video.missing'));
  feed.element.setAttribute('aria-busy', 'false');
  if (feed.slides.length === 0) {
    feed.showEmpty();
    return;
  }
  feed.scrollTo(Math.max(index, 0), 'instant');
  feed.select(Math.max(index, 0));
}
