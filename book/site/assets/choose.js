// Opens the book in the language that was chosen last, otherwise in the one that
// the browser prefers. Without scripts the page offers both.
let language = null;
try { language = localStorage.getItem("stride.language"); } catch { /* the browser keeps nothing */ }
if (language !== "en" && language !== "zh") {
  const known = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag === "en" || tag === "zh");
  language = known ?? "en";
}
location.replace(`${language}/index.html`);
