export type PartOfDay = "morning" | "afternoon" | "evening";

/** The part of the day that an hour (0 to 23) belongs to. */
export function partOfDay(hour: number): PartOfDay {
  if (hour >= 5 && hour < 12) return "morning";
  return hour >= 12 && hour < 18 ? "afternoon" : "evening";
}

/** What one says at an instant, and the date in a sentence. */
export function greetingAt(instant: Date): { greeting: string; date: string } {
  const date = instant.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
  return { greeting: `Good ${partOfDay(instant.getHours())}`, date: `It is ${date}.` };
}
