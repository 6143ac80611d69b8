// SPDX-License-Identifier: Apache-2.0
//
// Publishing a video: choose or drop a file, see it, give it a title, watch it go.

import * as api from '../api.js';
import { h, icon, toast } from '../dom.js';
import { formatSize, t } from '../i18n.js';
import { getOwnId } from '../state.js';

const MAX_TITLE = 200;

class Upload {
  constructor(root, signal) {
    this.signal = signal;
    this.file = null;
    this.url = null;
    this.controller = null;
    this.build(root);
    signal.addEventListener('abort', () => {
      this.controller?.abort();
      this.release();
    });
  }

  build(root) {
    this.input = h('input.visually-hidden', {
      type: 'file', id: 'upload-file', accept: 'video/*,.mkv', 'data-test': 'file',
      onchange: () => this.input.files[0] && this.choose(this.input.files[0]),
    });
    this.preview = h('div.upload-preview', {},
      h('label.upload-choose', { for: this.input.id },
        icon('film'), h('b', {}, t('upload.choose')), h('span', {}, t('upload.choose.hint'))));
    this.about = h('p.upload-about', {}, t('upload.kinds'));
    this.title = h('textarea.input', {
      id: 'upload-title', rows: '3', maxlength: String(MAX_TITLE), required: true, 'data-test': 'title',
      placeholder: t('upload.title.hint'), oninput: () => this.count(),
    });
    this.counter = h('span.field-count', { 'aria-hidden': 'true' });
    this.bar = h('progress.upload-bar', { max: '1', value: 0, 'aria-label': t('upload.progress'), hidden: true });
    this.state = h('p.upload-state', { role: 'status' });
    this.problem = h('p.problem', { role: 'alert', 'data-test': 'problem' });
    this.submit = h('button.button.primary.wide', { 'data-test': 'publish' }, t('upload.publish'));
    this.cancel = h('button.button.wide', {
      type: 'button', hidden: true, 'data-test': 'cancel', onclick: () => this.controller?.abort(),
    }, t('action.cancel'));
    this.form = h('form.upload-form', {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        this.send();
      },
    },
    h('div.field', {}, h('label', { for: this.title.id }, t('upload.title')), this.title, this.counter),
    this.about, this.bar, this.state, this.problem, this.submit, this.cancel);
    this.page = h('section.page.upload', {},
      h('header.page-head', {}, h('h1', {}, t('upload.heading'))),
      h('div.upload-columns', {}, h('div.upload-left', {}, this.input, this.preview), this.form));
    root.append(this.page);
    this.listenForDrops();
    this.count();
  }

  listenForDrops() {
    const { signal, preview } = this;
    const mark = (isOver) => (event) => {
      event.preventDefault();
      preview.classList.toggle('is-over', isOver);
    };
    this.page.addEventListener('dragover', mark(true), { signal });
    this.page.addEventListener('dragleave', mark(false), { signal });
    this.page.addEventListener('drop', (event) => {
      mark(false)(event);
      if (event.dataTransfer.files[0] && !this.controller)
        this.choose(event.dataTransfer.files[0]);
    }, { signal });
  }

  count() {
    this.counter.textContent = `${[...this.title.value].length} / ${MAX_TITLE}`;
  }

  release() {
    if (this.url)
      URL.revokeObjectURL(this.url);
    this.url = null;
  }

  choose(file) {
    this.release();
    this.file = file;
    this.url = URL.createObjectURL(file);
    this.problem.textContent = '';
    this.about.textContent = t('upload.about', { name: file.name, size: formatSize(file.size) });
    const video = h('video', {
      src: this.url, controls: true, playsinline: true, loop: true, 'aria-label': t('upload.preview'), 'data-test': 'preview',
    });
    video.muted = true;
    // What the browser cannot show the server may well take.
    video.addEventListener('error', () => this.about.append(` ${t('upload.no-preview')}`));
    video.addEventListener('loadeddata', () => video.play().catch(() => {}));
    this.preview.replaceChildren(video,
      h('label.button.upload-other', { for: this.input.id }, t('upload.other')));
  }

  fail(text, field) {
    this.problem.textContent = text;
    field?.focus();
  }

  setBusy(isBusy) {
    this.bar.hidden = this.cancel.hidden = !isBusy;
    this.submit.hidden = isBusy;
    this.title.disabled = this.input.disabled = isBusy;
    if (!isBusy)
      this.state.textContent = '';
  }

  showProgress(sent, total) {
    const percent = Math.floor(sent / total * 100);
    this.bar.value = sent / total;
    this.state.textContent = sent < total ? t('upload.sending', { percent }) : t('upload.processing');
  }

  async send() {
    // A title has one line.
    const title = this.title.value.replace(/\s+/g, ' ').trim();
    this.problem.textContent = '';
    if (!this.file) {
      this.fail(t('upload.need.file'), this.input);
      return;
    }
    if (!title) {
      this.fail(t('upload.need.title'), this.title);
      return;
    }

    this.controller = new AbortController();
    this.setBusy(true);
    this.showProgress(0, 1);
    try {
      await api.publish(this.file, title, {
        signal: this.controller.signal,
        onprogress: (sent, total) => this.showProgress(sent, total),
      });
      toast(t('upload.done'), 'good');
      if (!this.signal.aborted)
        location.hash = `#/user/${getOwnId()}`;
    } catch (error) {
      if (error.name !== 'AbortError' && !(error instanceof api.Refusal))
        throw error;
      this.fail(error.name === 'AbortError' ? t('upload.cancelled') : error.message);
    } finally {
      this.controller = null;
      this.setBusy(false);
    }
  }
}

export function show(root, parameters, signal) {
  return new Upload(root, signal);
}
