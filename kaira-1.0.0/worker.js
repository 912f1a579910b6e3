// Keeps a copy of what was seen, so that it opens without a connection too.

const PAGES = "kaira-pages";
const FILES = "kaira-files";
const MOST_FILES = 300;

const offline = (url) => (url.pathname.startsWith("/ko/") ? "/ko/offline/" : "/offline/");

addEventListener("install", (event) => {
  const first = caches.open(PAGES).then((cache) => cache.addAll(["/offline/", "/ko/offline/"]));
  event.waitUntil(first.then(() => skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

/** Pages: the newest there is, the copy if there is no connection. */
async function page(request) {
  const cache = await caches.open(PAGES);
  const url = new URL(request.url);
  const key = url.origin + url.pathname; // filters of one page share its copy
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected) await cache.put(key, response.clone());
    return response;
  } catch {
    return (await cache.match(key)) ?? (await cache.match(offline(url))) ?? Response.error();
  }
}

/** Files: a name with a fingerprint never changes; of any other the newest, else the copy. */
async function file(request) {
  const cache = await caches.open(FILES);
  const immutable = /\.[0-9a-f]{8,}\.\w+$/.test(new URL(request.url).pathname);
  const copy = await cache.match(request);
  if (copy && immutable) return copy;
  try {
    const response = await fetch(request);
    if (response.status === 200) {
      await cache.put(request, response.clone());
      const keys = await cache.keys();
      for (const key of keys.slice(0, Math.max(0, keys.length - MOST_FILES))) await cache.delete(key);
    }
    return response;
  } catch {
    return copy ?? Response.error();
  }
}

// What was loaded before there was a worker is kept too.
addEventListener("message", (event) => {
  const { page: address, files } = event.data;
  event.waitUntil(Promise.all([page(new Request(address)), ...files.map((url) => file(new Request(url)))]));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (/^\/(api\/|health|metrics)/.test(url.pathname)) return;
  event.respondWith(request.mode === "navigate" ? page(request) : file(request));
});
