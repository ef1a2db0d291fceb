import { Alert, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const blue: MantineColorsTuple = [
  "#eef3ff",
  "#dbe5fd",
  "#b5c8f8",
  "#8ca9f3",
  "#698eee",
  "#527deb",
  "#4373e9",
  "#3461d0",
  "#2b56bb",
  "#1d4aa6",
];

/** The dark surface of Mantine, a touch bluer and calmer. */
const dark: MantineColorsTuple = [
  "#d3d7df",
  "#b6bcc8",
  "#8d95a5",
  "#626b7d",
  "#3c4454",
  "#2b323f",
  "#212733",
  "#191e28",
  "#12161e",
  "#0c0f15",
];

/** What was chosen is replaced by what is typed next: nobody deletes a label first. */
function selectText() {
  const input = document.activeElement;
  if (input instanceof HTMLInputElement && input.ariaHasPopup === "listbox" && !input.readOnly) input.select();
}

export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: 7,
  colors: { blue, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "19px" },
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: "650" },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    InputDescription: { defaultProps: { size: "sm" } },
    Text: { defaultProps: { size: "sm" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    Select: {
      defaultProps: { checkIconPosition: "right", onClick: selectText, onDropdownClose: () => setTimeout(selectText) },
    },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, events: { hover: true, focus: true, touch: true } } },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.4 },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
    // Amber as Mantine has it is too pale to read.
    Alert: Alert.extend({
      styles: (_theme, { color }) => (color === "yellow" ? { title: { color: "var(--sl-warn-text)" } } : {}),
    }),
    Drawer: {
      defaultProps: { position: "right", closeButtonProps: { "aria-label": "Close" } },
      styles: { title: { lineHeight: 1.35 } },
    },
    PasswordInput: { defaultProps: { visibilityToggleButtonProps: { "aria-label": "Show the password" } } },
  },
});

/** Colours by what they mean, in the light and the dark scheme. Text on its fill keeps a contrast of 4.5 in both. */
const COLOURS: Record<string, [light: string, dark: string]> = {
  "--mantine-color-body": ["#f6f7f9", "#12161e"],
  "--mantine-color-dimmed": ["#59616f", "#98a1b2"],
  "--mantine-color-placeholder": ["#6b7382", "#8b94a6"],
  "--mantine-color-error": ["#b42318", "#ff8f86"],
  "--sl-surface": ["#ffffff", "#191e28"],
  "--sl-sunken": ["#f4f5f8", "#151a23"],
  "--sl-rail": ["#ffffff", "#161b24"],
  "--sl-line": ["#dfe3e9", "#2b323f"],
  "--sl-line-soft": ["#edf0f4", "#232936"],
  "--sl-hover": ["#f5f7fb", "#1e2430"],
  "--sl-selected": ["#e8effd", "#1e2d4d"],
  "--sl-text-dim": ["#59616f", "#98a1b2"],
  "--sl-good-text": ["#116644", "#6fdba8"],
  "--sl-good-fill": ["#dff5e9", "#12352a"],
  "--sl-good-bar": ["#22a06b", "#2faa77"],
  "--sl-bad-text": ["#a81c1c", "#ff9b93"],
  "--sl-bad-fill": ["#fde5e3", "#42201f"],
  "--sl-bad-bar": ["#d9423c", "#e2564f"],
  "--sl-warn-text": ["#7d4c00", "#f3c266"],
  "--sl-warn-fill": ["#fdf0d2", "#3d2f12"],
  "--sl-warn-bar": ["#d9930d", "#d79a2b"],
  "--sl-busy-text": ["#1f4cae", "#97b9ff"],
  "--sl-busy-fill": ["#e4edfd", "#1c2d52"],
  "--sl-busy-bar": ["#3d6fe0", "#527deb"],
  "--sl-idle-text": ["#4b5362", "#b6bcc8"],
  "--sl-idle-fill": ["#eaedf2", "#2a303c"],
  "--sl-idle-bar": ["#98a1b0", "#626b7d"],
  "--sl-code-name": ["#1f4cae", "#97b9ff"],
  "--sl-code-quoted": ["#116644", "#6fdba8"],
  "--sl-code-number": ["#8a3d0c", "#f0b27a"],
  "--sl-code-word": ["#7a2a9c", "#d7a6f2"],
};

function scheme(which: 0 | 1): Record<string, string> {
  return Object.fromEntries(Object.entries(COLOURS).map(([name, colours]) => [name, colours[which]]));
}

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...scheme(0), "--mantine-color-text": "#1a2030" },
  dark: scheme(1),
});
