// SPDX-License-Identifier: Apache-2.0
//
// What users tell the administration about a video, a comment or each other. Loaded when it is first wanted.

import * as api from './api.js';
import { showRefusal } from './actions.js';
import { h, toast } from './dom.js';
import { t } from './i18n.js';

// As long as the server takes it.
const REASON_MAX = 500;

// Asks what is wrong; empty if it is better not told.
function askReason(question) {
  return new Promise((resolve) => {
    const reason = h('textarea.input', {
      rows: '3', maxlength: String(REASON_MAX), required: true, 'aria-label': t('report.reason'), placeholder: t('report.reason'),
      'data-test': 'reason', oninput: () => {
        send.disabled = !reason.value.trim();
      },
    });
    const send = h('button.button.danger', { value: 'send', disabled: true, 'data-test': 'report-send' }, t('report'));
    const dialog = h('dialog.dialog', { 'aria-label': question },
      h('form', { method: 'dialog' },
        h('p', {}, question),
        reason,
        h('div.dialog-buttons', {},
          h('button.button', { value: 'no', formnovalidate: true }, t('action.cancel')),
          send)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'send' ? reason.value.trim() : '');
    });
    document.body.append(dialog);
    dialog.showModal();
    reason.focus();
  });
}

/** Reports something: `type` is video, comment or user, `question` what is asked about it. */
export async function sendReport(type, id, question) {
  const reason = await askReason(question);
  if (!reason)
    return;
  try {
    await api.report(type, id, reason);
    toast(t('report.done'));
  } catch (error) {
    showRefusal(error);
  }
}
