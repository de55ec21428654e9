import { version } from "../package.json";
import { element } from "./element.ts";
import { chooseLanguage, greetingAt, type Language, partOfDay } from "./greeting.ts";
import { languageChoice, languageStyles } from "./language-choice.ts";
import { cardStyles } from "./styles.ts";

export const TAG = "greeter-card";

class GreeterCard extends HTMLElement {
  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [cardStyles(), languageStyles()];
    this.#greet(root, chooseLanguage(navigator.languages));
  }

  #greet(root: ShadowRoot, language: Language): void {
    const now = new Date();
    const words = greetingAt(now, language);
    const greeting = element("h2", "greeting", words.greeting);
    const date = element("p", "date", words.date);
    greeting.lang = language.tag;
    date.lang = language.tag;
    const choice = languageChoice(language, (chosen) => {
      this.#greet(root, chosen);
      root.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
    });
    root.replaceChildren(
      element("div", `sky ${partOfDay(now.getHours())}`),
      greeting,
      date,
      choice,
      element("footer", "version", `Greeter ${version}`),
    );
  }
}

/** A name can be defined once in a document, and a host may initialise the plugin more than once. */
export function defineGreeterCard(): void {
  if (customElements.get(TAG) === undefined) customElements.define(TAG, GreeterCard);
}
