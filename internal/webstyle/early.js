// Applies the remembered choice of light or dark before the page is painted.
try {
  const theme = localStorage.getItem("stride.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* the browser keeps nothing: as the system has it */ }
