// What refreshes itself on a page stays as it was while nobody answers: says so, and of when it is.
let answered = new Date();

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const notice = document.getElementById("unanswered");
  const failed = detail.xhr.status === 0 || detail.xhr.status >= 500;
  if (failed) notice.querySelector("time").textContent = answered.toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  else answered = new Date();
  if (notice.hidden === failed) notice.hidden = !failed;
});
