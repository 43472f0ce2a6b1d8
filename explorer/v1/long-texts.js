// Long texts, such as whole lists: colors need an element for each word, and thousands of them stop the browser.

/** The most characters with colors. Those of 50,000 take half a second, and the page doesn't react meanwhile. */
const COLORED = 50_000;
/** The most characters that are shown: as plain text, they are there at once. */
const SHOWN = 2_000_000;

/** Show a long text without colors, and of one that is longer still the beginning. */
export const longTexts = {
  wrapComponents: { SyntaxHighlighter: (Colored, system) => (properties) => shownText(Colored, system, properties) },
};

function shownText(Colored, { React, getComponent }, properties) {
  const { children: text, className } = properties;
  if (text.length <= COLORED) return React.createElement(Colored, properties);
  const plain = React.createElement(getComponent("PlainTextViewer"), { className }, text.slice(0, SHOWN));
  if (text.length <= SHOWN) return plain;
  const [shown, all] = [SHOWN, text.length].map((count) => count.toLocaleString("en"));
  const told = `Only the first ${shown} of ${all} characters are shown. The buttons copy or download all of them.`;
  return React.createElement(React.Fragment, null, React.createElement("p", null, told), plain);
}
