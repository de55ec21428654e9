import { css } from "lit";

export const styles = css`
  :host {
    display: block;
    max-width: 60rem;
    margin: 0 auto;
    padding: clamp(1rem, 4vw, 2.5rem);
    --line: light-dark(#e0dbd1, #35332f);
    --quiet: light-dark(#6a6258, #a89f92);
    --accent: light-dark(#3f4694, #aab0f0);
    --bad: light-dark(#a3271d, #f2958c);
    --good: light-dark(#2f6b3c, #8fcb9b);
  }

  h1, h2, p, ul { margin: 0; padding: 0; }
  header { display: flex; align-items: center; gap: 0.875rem; margin-bottom: 2rem; }
  header img { display: block; flex: none; }
  .title { min-width: 0; }
  .title p { overflow-wrap: anywhere; }
  h1 { font-size: 1.0625rem; font-weight: 600; line-height: 1.3; }
  header p, .check, .hint { color: var(--quiet); font-size: 0.875rem; }

  main { display: grid; gap: 1.5rem; align-items: start; }
  section { min-width: 0; }
  #views { display: grid; gap: 1rem; }
  .hint { padding: 1.5rem 0; }

  aside { padding: 1.25rem 0 0; border-top: 1px solid var(--line); }
  h2 { margin-bottom: 0.5rem; font-size: 0.875rem; font-weight: 600; }
  ul { list-style: none; }
  li {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 0 0.75rem;
    padding: 0.625rem 0;
    border-bottom: 1px solid var(--line);
  }
  .name { font-weight: 500; overflow-wrap: anywhere; }
  .version { font-variant-numeric: tabular-nums; }
  .state { grid-column: 1 / -1; font-size: 0.8125rem; }
  .running .state { color: var(--good); }
  .failed .state, .failure, .reason { color: var(--bad); }
  .reason { grid-column: 1 / -1; font-size: 0.8125rem; overflow-wrap: anywhere; }
  .failure { padding-bottom: 1rem; overflow-wrap: anywhere; }

  button {
    padding: 0.4375rem 0.875rem;
    border: 1px solid var(--line);
    border-radius: 0.5rem;
    background: transparent;
    color: inherit;
    font: inherit;
    font-size: 0.875rem;
    cursor: pointer;
  }
  button:hover { border-color: var(--quiet); }
  button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  button:disabled { opacity: 0.6; cursor: progress; }
  aside button { width: 100%; margin: 1rem 0 0.625rem; }

  .banner {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0.75rem 1.5rem;
    margin-bottom: 1.5rem;
    padding: 0.75rem 1rem;
    border-radius: 0.75rem;
    background: light-dark(#e6e7f6, #26284a);
  }
  .banner button { border-color: transparent; background: var(--accent); color: light-dark(#fff, #16172e); }

  @media (min-width: 48rem) {
    main { grid-template-columns: minmax(0, 1fr) 17rem; gap: 2.5rem; }
    aside { padding: 0 0 0 2rem; border-top: 0; border-left: 1px solid var(--line); }
  }
`;
