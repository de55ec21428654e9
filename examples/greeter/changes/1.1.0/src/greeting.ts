export type PartOfDay = "morning" | "afternoon" | "evening";

export interface Language {
  /** BCP 47 tag. */
  tag: string;
  /** Its own name for itself. */
  name: string;
  greetings: Readonly<Record<PartOfDay, string>>;
  /** The sentence around a date. */
  today: (date: string) => string;
}

const ENGLISH: Language = {
  tag: "en-GB",
  name: "English",
  greetings: { morning: "Good morning", afternoon: "Good afternoon", evening: "Good evening" },
  today: (date) => `It is ${date}.`,
};

export const LANGUAGES: readonly Language[] = [
  ENGLISH,
  {
    tag: "ca",
    name: "Català",
    greetings: { morning: "Bon dia", afternoon: "Bona tarda", evening: "Bon vespre" },
    today: (date) => `Avui és ${date}.`,
  },
  {
    tag: "de",
    name: "Deutsch",
    greetings: { morning: "Guten Morgen", afternoon: "Guten Tag", evening: "Guten Abend" },
    today: (date) => `Heute ist ${date}.`,
  },
  {
    tag: "el",
    name: "Ελληνικά",
    greetings: { morning: "Καλημέρα", afternoon: "Χαίρετε", evening: "Καλησπέρα" },
    today: (date) => `Σήμερα είναι ${date}.`,
  },
];

/** The part of the day that an hour (0 to 23) belongs to. */
export function partOfDay(hour: number): PartOfDay {
  if (hour >= 5 && hour < 12) return "morning";
  return hour >= 12 && hour < 18 ? "afternoon" : "evening";
}

/** The first language of a list of BCP 47 tags (most wanted first) that we speak; English otherwise. */
export function chooseLanguage(wanted: readonly string[]): Language {
  const primary = (tag: string) => tag.split("-")[0];
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => primary(language.tag) === primary(tag));
    if (found !== undefined) return found;
  }
  return ENGLISH;
}

/** What one says at an instant, and the date in a sentence. */
export function greetingAt(instant: Date, language: Language): { greeting: string; date: string } {
  const date = instant.toLocaleDateString(language.tag, { weekday: "long", day: "numeric", month: "long" });
  return { greeting: language.greetings[partOfDay(instant.getHours())], date: language.today(date) };
}
