// Readable colors for the editors: a contrast of at least 4.5 on every background, in both themes
// (tests/explorer/test_contrast.py).

/** Colors that GraphiQL's themes for Monaco lack, or have with too little contrast. */
export const EDITOR_COLORS = {
  light: {
    colors: {
      "editorBracketHighlight.foreground1": "#0431fa",
      "editorBracketHighlight.foreground2": "#17651b",
      "editorBracketHighlight.foreground3": "#7b3814",
      "editorBracketHighlight.unexpectedBracket.foreground": "#b3140a",
      "editorLineNumber.foreground": "#1f6379",
      "editorLineNumber.dimmedForeground": "#1f6379",
      "editorSuggestWidget.selectedForeground": "#26324a",
      "input.placeholderForeground": "#4b5568",
    },
    rules: [
      { token: "annotation", foreground: "#566072" },
      { token: "argument.identifier.gql", foreground: "#5450b4" },
      { token: "comment", foreground: "#006b00" },
      { token: "number", foreground: "#076a45" },
    ],
  },
  dark: {
    colors: {
      "editorBracketHighlight.foreground1": "#ffd700",
      "editorBracketHighlight.foreground2": "#f3a1ec",
      "editorBracketHighlight.foreground3": "#6ec1ff",
      "editorBracketHighlight.unexpectedBracket.foreground": "#ff9d94",
      "editorLineNumber.foreground": "#aab4c6",
      "editorLineNumber.dimmedForeground": "#aab4c6",
      "editorSuggestWidget.selectedForeground": "#ffffff",
      "input.placeholderForeground": "#b7c2d7",
    },
    rules: [
      { token: "annotation", foreground: "#aab4c6" },
      { token: "argument.identifier.gql", foreground: "#aeaaff" },
      { token: "comment", foreground: "#8fbd7d" },
    ],
  },
};
