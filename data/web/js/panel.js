// SPDX-License-Identifier: Apache-2.0
//
// The panel: a sheet from below on a phone, a column at the side on a desktop. One at a time.

import { h, iconButton } from './dom.js';
import { t } from './i18n.js';

const panel = document.getElementById('panel');
let opened = null;

/**
 * Opens the panel, instead of what was in it.
 *
 * @param {string} title
 * @param {function(HTMLElement, AbortSignal)} fill puts its contents there; the signal is aborted
 *   when the panel is closed
 * @param {function()} onclose called then
 */
export function openPanel(title, fill, onclose) {
  closePanel();
  const controller = new AbortController();
  const body = h('div.panel-body');
  const before = document.activeElement;

  opened = () => {
    controller.abort();
    panel.hidden = true;
    panel.replaceChildren();
    document.body.classList.remove('has-panel');
    onclose?.();
    if (before?.isConnected)
      before.focus({ preventScroll: true });
  };
  panel.setAttribute('aria-label', title);
  panel.replaceChildren(
    h('header.panel-head', {},
      h('h2', { tabindex: '-1' }, title),
      iconButton('.panel-close', 'close', t('action.close'), closePanel)),
    body);
  panel.hidden = false;
  document.body.classList.add('has-panel');
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape')
      return;
    event.stopPropagation();
    closePanel();
  }, { signal: controller.signal });
  panel.querySelector('h2').focus({ preventScroll: true });
  fill(body, controller.signal);
}

export function closePanel() {
  const close = opened;
  opened = null;
  close?.();
}

export function isPanelOpen() {
  return opened !== null;
}
