// Keeps a page up to date: the server tells when a pass has ended, and the content of the page is fetched again. Without
// this script the page shows the same, as of when it was loaded.
"use strict";

(() => {
  const pauseBeforeNextTry = 5000;
  const main = document.querySelector("main");
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "status");
  let shown = document.currentScript.dataset.shown; // the pass that the page shows
  let latest = shown;
  let isFetching = false;
  let news;

  const isChanged = (field) => field.options
    ? [...field.options].some((option) => option.selected !== option.defaultSelected)
    : "defaultValue" in field && field.value !== field.defaultValue;

  // A visitor who fills in a form keeps it.
  const isInUse = (form) => form.contains(document.activeElement) || [...form.elements].some(isChanged);

  const replaceAllBut = (kept, content, counterpart) => {
    while (kept.previousSibling) kept.previousSibling.remove();
    while (kept.nextSibling) kept.nextSibling.remove();
    const nodes = [...content.childNodes];
    const place = nodes.indexOf(counterpart);
    kept.before(...nodes.slice(0, place));
    kept.after(...nodes.slice(place + 1));
  };

  // Finds again what has the focus: the same of all links to the same page, or the same table; or else, as a link to the
  // latest pass leads to another one now, what stands in its place.
  const placeOfFocus = () => {
    const focused = document.activeElement.closest("main a[href], main .scroll");
    if (!focused) return () => undefined;
    const href = focused.getAttribute("href");
    const alike = () => [...main.querySelectorAll(href === null ? ".scroll" : `a[href="${CSS.escape(href)}"]`)];
    const place = alike().indexOf(focused);
    const all = () => [...main.querySelectorAll("a[href], .scroll")];
    const number = all().indexOf(focused);
    return () => alike()[place] ?? alike().at(-1) ?? all()[number];
  };

  const show = (content) => {
    const focused = placeOfFocus();
    const scrolled = [...main.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    const form = main.querySelector(":scope > form");
    const newForm = content.querySelector(":scope > form");
    if (form && newForm && isInUse(form)) replaceAllBut(form, content, newForm);
    else main.replaceChildren(...content.childNodes);
    main.querySelectorAll(".scroll").forEach((part, i) => { part.scrollLeft = scrolled[i] ?? 0; });
    focused()?.focus({ preventScroll: true });
  };

  // A link that is replaced while it is pressed is not followed.
  let untilReleased = Promise.resolve();
  addEventListener("pointerdown", () => {
    untilReleased = new Promise((resolve) => {
      const release = () => setTimeout(resolve); // after the click
      for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, { once: true });
    });
  });

  const update = async () => {
    if (shown === latest || isFetching) return;
    isFetching = true;
    const wanted = latest;
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const content = page.querySelector("main");
      await untilReleased;
      if (content) {
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

  // Only while it is seen: a browser has few connections to a server, for all pages together.
  const listen = () => {
    news?.close();
    if (document.hidden) return;
    news = new EventSource("/news");
    news.onmessage = (event) => {
      notice.remove();
      latest = event.data;
      update();
    };
    news.onerror = () => {
      notice.textContent = "The daemon does not answer: what this page shows may be old.";
      main.before(notice);
      // It tries again by itself, except after an answer that is no news, such as a proxy's.
      if (news.readyState === EventSource.CLOSED) setTimeout(listen, pauseBeforeNextTry);
    };
  };
  listen();
  document.addEventListener("visibilitychange", listen);
  // Until it has gone, a page that is left would count as one that listens.
  addEventListener("pagehide", () => news?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
})();
