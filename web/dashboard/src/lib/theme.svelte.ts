// Light, dark, or as the system says.

export type Theme = "light" | "dark" | "system";

const key = "datafast_theme";
const isTheme = (text: string | null): text is Theme => text === "light" || text === "dark" || text === "system";

function stored(): Theme {
  try {
    const text = localStorage.getItem(key);
    return isTheme(text) ? text : "system";
  } catch {
    return "system";
  }
}

class ThemeChoice {
  current = $state<Theme>(stored());
  #system = $state(matchMedia("(prefers-color-scheme: dark)").matches);

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => (this.#system = matches));
    this.#apply();
  }

  get isDark(): boolean {
    return this.current === "system" ? this.#system : this.current === "dark";
  }

  choose(theme: Theme): void {
    this.current = theme;
    this.#apply();
    try {
      localStorage.setItem(key, theme);
    } catch {
      // without storage the choice lasts as long as the page
    }
  }

  #apply(): void {
    const root = document.documentElement;
    if (this.current === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = this.current;
  }
}

export const theme = new ThemeChoice();
