// Measures what can be read on the page: each visible text at 4.5 or more (3 if it is large), each icon and the border of each control at 3.
// Answers with those that have less, each as [what it is, [its contrast, which text or color]], and with all that were measured.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parsed = new Map();
  const channels = (color) => {
    if (!parsed.has(color)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      parsed.set(color, { rgb: [red, green, blue], alpha: alpha / 255 });
    }
    return parsed.get(color);
  };
  const mixed = (below, above, share) => below.map((each, at) => each * (1 - share) + above[at] * share);
  const painted = (below, color) => mixed(below, channels(color).rgb, channels(color).alpha);
  const luminance = (rgb) =>
    rgb
      .map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
      .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  const lineage = (element) => {
    const found = [];
    for (let each = element; each; each = each.parentElement) found.unshift(each);
    return found;
  };
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const PAGE = isDark ? [18, 18, 18] : [255, 255, 255];
  /** What is painted behind an element, and on top of it in a color; both as they are seen through the opacity of what holds them. */
  const seen = (chain, color, below = PAGE) => {
    if (chain.length === 0) return [below, painted(below, color)];
    const style = getComputedStyle(chain[0]);
    const inside = seen(chain.slice(1), color, painted(below, style.backgroundColor));
    return inside.map((each) => mixed(below, each, Number(style.opacity)));
  };

  const isShown = (element, box) =>
    box.width > 0 &&
    box.height > 0 &&
    box.right > 0 &&
    box.bottom > 0 &&
    box.left < innerWidth &&
    box.top < innerHeight &&
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    lineage(element).every((each) => {
      // What is clipped away altogether, such as words for screen readers.
      const around = each.getBoundingClientRect();
      return getComputedStyle(each).overflow !== "hidden" || (around.width > 1 && around.height > 1);
    });
  const named = (element) =>
    lineage(element)
      .slice(-3)
      .map((each) => each.localName + [...each.classList].map((name) => `.${name}`).join(""))
      .join(" > ");

  const faint = new Map();
  const measured = new Set();
  const judge = (kind, element, what, ratio, least) => {
    const name = `${kind} of ${named(element)}`;
    measured.add(name);
    if (ratio < least && ratio < (faint.get(name)?.[0] ?? 21)) faint.set(name, [ratio, what]);
  };
  const measure = (kind, element, what, color, least, chain = lineage(element)) =>
    judge(kind, element, what, contrast(...seen(chain, color)), least);
  /** A shape is seen by its stroke or its fill, before the shape that was filled below it, if there is one. */
  const measureShape = (shape, style) => {
    const middle = shape.getBoundingClientRect();
    const [x, y] = [middle.left + middle.width / 2, middle.top + middle.height / 2];
    const below = [...shape.parentElement.children]
      .slice(0, [...shape.parentElement.children].indexOf(shape))
      .filter((each) => each instanceof SVGGeometryElement)
      .filter((each) => !["none", style.fill, style.stroke].includes(getComputedStyle(each).fill))
      .findLast((each) => {
        const box = each.getBoundingClientRect();
        return box.left < x && x < box.right && box.top < y && y < box.bottom;
      });
    const chain = lineage(shape);
    const ground = below ? seen(chain, getComputedStyle(below).fill)[1] : seen(chain, "transparent")[0];
    const colors = [style.stroke, style.fill].filter((color) => color !== "none");
    const ratios = colors.map((color) => contrast(ground, seen(chain, color)[1]));
    if (ratios.length) judge("icon", shape, colors.join(" "), Math.max(...ratios), 3);
  };
  const leastOf = (style) => {
    const size = Number.parseFloat(style.fontSize);
    return size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  };

  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    if (element.closest("svg")) {
      const isDrawn = element instanceof SVGGeometryElement && isShown(element, element.getBoundingClientRect());
      if (isDrawn) measureShape(element, style);
      continue;
    }
    for (const node of element.childNodes) {
      const text = node.nodeType === Node.TEXT_NODE ? node.data.trim() : "";
      if (!text) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      if (isShown(element, range.getBoundingClientRect())) measure("text", element, text.slice(0, 30), style.color, leastOf(style));
    }
    if (!isShown(element, element.getBoundingClientRect())) continue;
    for (const pseudo of ["::before", "::after"]) {
      const drawn = getComputedStyle(element, pseudo);
      const text = /^"(.*)"$/.exec(drawn.content)?.[1];
      const isIcon = drawn.fontFamily.includes("codicon");
      // Icons of what can't be used at the moment may be faint.
      if (!text || drawn.display === "none" || (isIcon && element.closest(".disabled"))) continue;
      measure(isIcon ? "icon" : "text", element, text, drawn.color, isIcon ? 3 : 4.5);
    }
    if (element.matches("input:not([type=checkbox], [type=radio]), textarea:not(.inputarea, .ime-text-area), select")) {
      if (element.value) measure("text", element, element.value.slice(0, 30), style.color, 4.5);
      else if (element.placeholder) {
        const placeholder = getComputedStyle(element, "::placeholder");
        measure("text", element, element.placeholder, placeholder.color, 4.5);
      }
    }
    const isControl = element.matches("input, select, button") && style.borderBottomStyle !== "none";
    if (isControl && Number.parseFloat(style.borderBottomWidth) > 0) {
      measure("border", element, style.borderBottomColor, style.borderBottomColor, 3, lineage(element.parentElement));
    }
  }
  return { faint: [...faint], measured: [...measured] };
}
