// Keeps a page up to date: the server tells when a pass has ended, and the content of the page is fetched again. Without
// this script the page shows the same, as of when it was loaded.
"use strict";

(() => {
  const main = document.querySelector("main");
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "status");
  let shown = document.currentScript.dataset.shown; // the pass that the page shows
  let latest = shown;
  let isFetching = false;

  // A visitor who fills in a form keeps it.
  const isInUse = () => document.activeElement.matches("main input, main select");

  const placeOfFocus = () => {
    const link = document.activeElement.closest("main a[href]");
    return link && `main a[href="${CSS.escape(link.getAttribute("href"))}"]`;
  };

  const show = (content) => {
    const focus = placeOfFocus();
    const scrolled = [...main.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    main.replaceChildren(...content.childNodes);
    main.querySelectorAll(".scroll").forEach((part, i) => { part.scrollLeft = scrolled[i] ?? 0; });
    if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
  };

  const update = async () => {
    if (shown === latest || isFetching || document.hidden || isInUse()) return;
    isFetching = true;
    const wanted = latest;
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const content = page.querySelector("main");
      if (content && !isInUse()) {
        document.title = page.title;
        show(content);
        shown = wanted;
      }
    } catch {
      // The server has gone: the stream tells.
    }
    isFetching = false;
    if (latest !== wanted) update();
  };

  let news;
  const listen = () => {
    news = new EventSource("/news");
    news.onmessage = (event) => {
      notice.remove();
      latest = event.data;
      update();
    };
    news.onerror = () => {
      notice.textContent = "The daemon does not answer: what this page shows may be old.";
      main.before(notice);
      // The browser tries again by itself, unless it was refused.
      if (news.readyState === EventSource.CLOSED) setTimeout(listen, 10000);
    };
  };
  listen();
  document.addEventListener("visibilitychange", update);
  main.addEventListener("focusout", () => setTimeout(update));
  // Until it has gone, a page that is left would count as one that listens.
  addEventListener("pagehide", () => news.close());
})();
