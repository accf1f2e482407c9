// The theme that the reader chose, before anything is drawn.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // storage is off: the theme is that of the system
}
