// SPDX-License-Identifier: Apache-2.0
//
// One video of the feed: the picture, what can be done with it, and how far it is. Only slides near
// the one in view have a video loaded (`load`); the others show their covers.

import { deleteVideo, follow, like, report } from './actions.js';
import { avatar, changeIcon, h, icon, iconButton, prefersStill } from './dom.js';
import { formatCount, formatDuration, t } from './i18n.js';
import { getOwnId, getSetting } from './state.js';

// Milliseconds within which a second tap makes a double tap.
const DOUBLE_TAP = 280;
// Steps of the progress bar, so that it moves evenly.
const STEPS = 1000;
// Width by height above which a video is not upright.
const WIDE = 0.8;

export class Slide {
  /**
   * @param {object} video as the server describes it; kept and brought up to date
   * @param {object} callbacks `oncomments(video)`, `onmute()`
   */
  constructor(video, callbacks) {
    this.data = video;
    this.callbacks = callbacks;
    this.isCurrent = false;
    this.isHeld = false; // paused by the user
    this.tapTimer = 0;
    this.tapTime = -Infinity; // of the last tap that may become a double tap
    this.build();
    this.update();
  }

  build() {
    const { data } = this;
    this.cover = h('img.slide-cover', {
      alt: '', decoding: 'async', onload: () => this.fit(this.cover.naturalWidth, this.cover.naturalHeight), onerror: () => this.fit(),
    });
    this.backdrop = h('img.slide-backdrop', { alt: '', decoding: 'async' });
    this.stage = h('div.slide-stage', {}, this.cover);
    this.toggle = h('button.slide-toggle', { type: 'button' }, h('span.slide-play', {}, icon('play')));
    this.toggle.addEventListener('click', (event) => this.tap(event));
    this.broken = h('p.slide-broken', { role: 'status', hidden: true }, t('video.broken'));
    this.stage.append(this.toggle, this.broken);
    this.progress = h('input.slide-progress', {
      type: 'range', min: '0', max: String(STEPS), step: '1', value: '0', 'aria-label': t('video.position'),
      oninput: () => this.seek(),
    });
    this.element = h('article.slide.is-loading', { 'aria-label': t('video.by', { title: data.title, name: data.author.name }) },
      this.backdrop,
      h('div.slide-frame', {}, this.stage, this.buildRail(), this.buildCaption(), this.progress));
    this.element.inert = true;
  }

  buildRail() {
    const { data } = this;
    const { author } = data;
    this.followButton = h('button.rail-follow', { type: 'button', onclick: () => follow(author, true) },
      icon('plus'));
    this.likeButton = this.buildRailButton('heart', () => like(data, !data.is_favorite));
    this.likeButton.dataset.test = 'like';
    this.likeButton.setAttribute('aria-keyshortcuts', 'l');
    this.commentButton = this.buildRailButton('comment', () => this.callbacks.oncomments(data));
    this.commentButton.dataset.test = 'comments';
    this.commentButton.setAttribute('aria-keyshortcuts', 'c');
    this.muteButton = this.buildRailButton('sound', () => this.callbacks.onmute());
    this.muteButton.dataset.test = 'mute';
    this.muteButton.setAttribute('aria-keyshortcuts', 'm');
    this.rail = h('div.rail', {},
      h('div.rail-author', {},
        h('a', { href: `#/user/${author.id}`, 'aria-label': t('user.page', { name: author.name }) },
          avatar(author, 48)),
        this.followButton),
      this.likeButton, this.commentButton, this.muteButton);
    if (author.id === getOwnId())
      this.rail.append(iconButton('.rail-button.rail-small', 'trash', t('video.delete'), () => deleteVideo(data)));
    else
      this.rail.append(h('button.rail-button.rail-small', {
        type: 'button', 'aria-label': t('report.video', { name: data.title }), title: t('report'), 'data-test': 'report-video',
        onclick: () => report('video', data.id, data.title),
      }, icon('flag')));
    return this.rail;
  }

  buildRailButton(name, onclick) {
    return h('button.rail-button', { type: 'button', onclick }, icon(name), h('span.rail-count'));
  }

  buildCaption() {
    const { author, title } = this.data;
    return h('div.caption', {},
      h('a.caption-author', { href: `#/user/${author.id}` }, `@${author.name}`),
      h('p.caption-title', {}, title));
  }

  /** Shows what is known of the video now. */
  update() {
    const { data } = this;
    const isOwn = data.author.id === getOwnId();
    this.likeButton.setAttribute('aria-pressed', String(data.is_favorite));
    this.likeButton.setAttribute('aria-label', t('video.like', { count: data.favorite_count }));
    this.likeButton.lastChild.textContent = formatCount(data.favorite_count);
    this.commentButton.setAttribute('aria-label', t('video.comments', { count: data.comment_count }));
    this.commentButton.lastChild.textContent = formatCount(data.comment_count);
    this.followButton.classList.toggle('is-hidden', isOwn || data.author.is_follow);
    this.followButton.disabled = isOwn || data.author.is_follow;
    this.followButton.setAttribute('aria-label', t('user.follow.name', { name: data.author.name }));
    this.updateSound();
  }

  updateSound() {
    const isMuted = this.isMuted();
    changeIcon(this.muteButton, isMuted ? 'muted' : 'sound');
    this.muteButton.setAttribute('aria-label', t(isMuted ? 'video.unmute' : 'video.mute'));
    this.muteButton.lastChild.textContent = t(isMuted ? 'video.sound.off' : 'video.sound.on');
  }

  updateToggle() {
    const isPaused = this.isHeld || !this.video || this.video.paused;
    this.element.classList.toggle('is-paused', this.isCurrent && this.isHeld);
    this.toggle.setAttribute('aria-label', t(isPaused ? 'video.play' : 'video.pause'));
  }

  /** Gets the cover; and the video, if `isNear`. */
  load(isNear) {
    if (!this.cover.hasAttribute('src')) {
      this.cover.src = this.data.cover_url;
      this.backdrop.src = this.data.cover_url;
    }
    if (!isNear)
      this.unload();
    else if (!this.video)
      this.addVideo();
  }

  addVideo() {
    const video = h('video.slide-video', {
      src: this.data.play_url, playsinline: true, loop: true, preload: 'auto', tabindex: '-1',
      disablepictureinpicture: true, 'aria-label': this.data.title,
    });
    const isThis = (callback) => () => this.video === video && callback();
    video.muted = this.isMuted();
    video.addEventListener('timeupdate', isThis(() => this.showProgress()));
    video.addEventListener('play', isThis(() => this.updateToggle()));
    video.addEventListener('pause', isThis(() => this.updateToggle()));
    video.addEventListener('error', isThis(() => {
      this.broken.hidden = false;
    }));
    this.video = video;
    this.toggle.before(video);
  }

  /** Lets go of the video: decoders are few. */
  unload() {
    const { video } = this;
    if (!video)
      return;
    this.video = null;
    video.pause();
    video.removeAttribute('src');
    video.load();
    video.remove();
  }

  // Upright videos fill a phone's screen; others are shown whole. The cover tells, which is there first,
  // and nothing is shown before, so that nothing has to move.
  fit(width = 0, height = 0) {
    this.element.classList.toggle('is-wide', width > height * WIDE);
    this.element.classList.remove('is-loading');
  }

  /** Whether this is the one in view: it plays, from its beginning, and its buttons can be reached. */
  setCurrent(isCurrent) {
    this.isCurrent = isCurrent;
    this.element.inert = !isCurrent;
    this.isHeld = false;
    if (isCurrent) {
      this.play();
    } else if (this.video) {
      this.video.pause();
      this.video.currentTime = 0;
      this.progress.value = 0;
    }
    this.updateToggle();
  }

  // Browsers refuse sound until the page was touched: then it begins without.
  async play() {
    const { video } = this;
    if (!video || this.isHeld || document.hidden)
      return;
    video.muted = this.isMuted();
    try {
      await video.play();
    } catch (error) {
      if (error.name !== 'NotAllowedError' || video.muted || this.video !== video)
        return;
      Slide.isSilenced = true;
      video.muted = true;
      this.updateSound();
      await video.play().catch(() => {});
    }
  }

  pause() {
    this.video?.pause();
  }

  togglePlay() {
    if (!this.video)
      return;
    this.isHeld = !this.isHeld;
    if (this.isHeld)
      this.pause();
    else
      this.play();
    this.updateToggle();
  }

  isMuted() {
    return getSetting('muted') || Slide.isSilenced;
  }

  setMuted() {
    if (this.video)
      this.video.muted = this.isMuted();
    this.updateSound();
  }

  // One tap pauses, two like. Keys press the button, too, and never twice. When the finger was there counts, not
  // when a busy page came to hear of it: what the first of two taps has done until then is undone.
  tap(event) {
    if (event.detail === 0) {
      this.togglePlay();
      return;
    }
    if (event.timeStamp - this.tapTime < DOUBLE_TAP) {
      if (!this.tapTimer)
        this.togglePlay();
      clearTimeout(this.tapTimer);
      this.tapTimer = 0;
      this.tapTime = -Infinity;
      this.burst(event.clientX, event.clientY);
      like(this.data, true);
      return;
    }
    this.tapTime = event.timeStamp;
    if (this.tapTimer) {
      clearTimeout(this.tapTimer);
      this.togglePlay();
    }
    this.tapTimer = setTimeout(() => {
      this.tapTimer = 0;
      this.togglePlay();
    }, DOUBLE_TAP);
  }

  // A heart where the finger was.
  burst(x, y) {
    if (prefersStill())
      return;
    const box = this.stage.getBoundingClientRect();
    const heart = h('span.burst', {}, icon('heart'));
    heart.style.left = `${x - box.left}px`;
    heart.style.top = `${y - box.top}px`;
    heart.addEventListener('animationend', () => heart.remove());
    this.stage.append(heart);
  }

  showProgress() {
    const { currentTime, duration } = this.video;
    if (!(duration > 0))
      return;
    const part = currentTime / duration;
    this.progress.value = part * STEPS;
    this.progress.style.setProperty('--part', `${part * 100}%`);
    this.progress.setAttribute('aria-valuetext',
      t('video.time', { time: formatDuration(currentTime), duration: formatDuration(duration) }));
  }

  seek() {
    if (!(this.video?.duration > 0))
      return;
    this.video.currentTime = this.progress.value / STEPS * this.video.duration;
    this.progress.style.setProperty('--part', `${this.progress.value / STEPS * 100}%`);
  }
}

// The browser has refused to play with sound, and the user has not asked for it since.
Slide.isSilenced = false;
