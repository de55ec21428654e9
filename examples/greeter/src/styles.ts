const CSS = `
  :host {
    display: block;
    padding: 1.5rem;
    border: 1px solid light-dark(#e4e0d8, #35332f);
    border-radius: 1rem;
    background: light-dark(#fffdf9, #211f1c);
    color: light-dark(#2b2620, #f0ebe2);
    font: 1rem/1.5 system-ui, sans-serif;
  }
  :host([hidden]) { display: none; }
  .sky {
    width: 3rem;
    height: 3rem;
    margin-bottom: 1.25rem;
    border-radius: 50%;
  }
  .morning { background: linear-gradient(to top, #f7b267 12%, #f9dc8c 60%, #fdf3d0); }
  .afternoon { background: radial-gradient(circle at 35% 30%, #fff3c4, #f6c445 70%); }
  .evening { background: radial-gradient(circle at 72% 30%, transparent 52%, #8d94d6 54%); rotate: 12deg; }
  .greeting {
    margin: 0;
    font-size: 1.625rem;
    font-weight: 600;
    line-height: 1.2;
    letter-spacing: -0.015em;
    text-wrap: balance;
  }
  .date { margin: 0.375rem 0 0; color: light-dark(#6a6258, #b3aa9d); }
  .version {
    margin-top: 1.5rem;
    color: light-dark(#7a7165, #9d9488);
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
`;

/** A constructed style sheet: it needs no element in the page, and a strict content security policy allows it. */
export function cardStyles(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
