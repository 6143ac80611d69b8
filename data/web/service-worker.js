// SPDX-License-Identifier: Apache-2.0
//
// Keeps the page itself, so that it opens without the server. The server is always asked first: its
// answer that nothing has changed is small, and so the page never is older than the server. What
// users see and say is not kept.

const CACHE = 'doutok-shell';
const SHELL = [
  './', 'manifest.webmanifest', 'icon.svg', 'icons.svg',
  'css/base.css', 'css/feed.css', 'css/views.css', 'css/panel.css', 'css/comments.css', 'css/people.css',
  'css/upload.css', 'css/messages.css', 'css/profile.css', 'css/settings.css',
  'js/actions.js', 'js/api.js', 'js/app.js', 'js/conversations.js', 'js/dom.js', 'js/i18n.js', 'js/panel.js',
  'js/push.js', 'js/report.js', 'js/slide.js', 'js/state.js', 'js/lang/en.js', 'js/lang/zh-cn.js',
  'js/views/chat.js', 'js/views/comments.js', 'js/views/feed.js', 'js/views/login.js', 'js/views/people.js',
  'js/views/profile.js', 'js/views/settings.js', 'js/views/upload.js',
];
const addresses = new Set(SHELL.map((path) => new URL(path, self.registration.scope).href));

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

// What an older version has kept and this one does not have goes.
async function tidy() {
  const cache = await caches.open(CACHE);
  const kept = await cache.keys();
  await Promise.all(kept.filter(({ url }) => !addresses.has(url)).map((request) => cache.delete(request)));
}

self.addEventListener('activate', (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok)
      await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept)
      return kept;
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  url.hash = '';
  if (event.request.method === 'GET' && addresses.has(url.href))
    event.respondWith(answer(event.request));
});
