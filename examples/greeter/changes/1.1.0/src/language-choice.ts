import { element } from "./element.ts";
import { LANGUAGES, type Language } from "./greeting.ts";

const CSS = `
  .languages {
    display: flex;
    flex-wrap: wrap;
    gap: 0.375rem;
    margin-top: 1.25rem;
  }
  .language {
    padding: 0.25rem 0.75rem;
    border: 1px solid light-dark(#d8d2c7, #45413b);
    border-radius: 1rem;
    background: transparent;
    color: inherit;
    font: inherit;
    font-size: 0.875rem;
    cursor: pointer;
  }
  .language:hover { border-color: light-dark(#9b9183, #7d756a); }
  .language:focus-visible { outline: 2px solid light-dark(#5258a8, #aab0f0); outline-offset: 2px; }
  .language[aria-pressed="true"] {
    border-color: transparent;
    background: light-dark(#2b2620, #f0ebe2);
    color: light-dark(#fffdf9, #211f1c);
  }
`;

/** A row of buttons, one a language; `current` is pressed. */
export function languageChoice(current: Language, choose: (language: Language) => void): HTMLElement {
  const group = element("div", "languages");
  group.role = "group";
  group.ariaLabel = "Language of the greeting";
  for (const language of LANGUAGES) {
    const button = element("button", "language", language.name);
    button.lang = language.tag;
    button.ariaPressed = String(language === current);
    button.addEventListener("click", () => choose(language));
    group.append(button);
  }
  return group;
}

export function languageStyles(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
