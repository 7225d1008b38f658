// Goals written into the page. A click on data-fast-goal is seen in click.ts;
// data-fast-scroll is watched here.

import { send } from "./event";

type Goal = Record<string, string | number | null>;

/** A declared goal: the name that an element gives, its other attributes being parameters. */
export const declared = (element: Element, kind: string, goal: Goal) => {
  goal.eventName = element.getAttribute(kind);
  for (const attribute of element.attributes) {
    const key = attribute.name.split(kind + "-")[1];
    if (key) goal[key.replace(/-/g, "_")] = attribute.value;
  }
  return goal;
};

/** What is watched on the page shown; for the next page there is a new list. */
let watched: Element[] = [];

/** Watch what is new on the page shown. */
export const watchScrollGoals = () =>
  document.querySelectorAll("[data-fast-scroll]").forEach((element) => {
    if (watched.includes(element)) return;
    watched.push(element);
    const here = watched;
    const goal = declared(element, "data-fast-scroll", { delay: "0" });
    const asked = goal.threshold as number;
    const threshold = asked >= 0 && asked <= 1 ? asked : "0.5";
    goal.threshold = threshold;
    let timer: number;
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          clearTimeout(timer);
          if (entry.isIntersecting)
            timer = setTimeout(() => {
              observer.disconnect();
              const way = document.documentElement.scrollHeight - innerHeight;
              goal.scroll_percentage = "" + (way > 0 ? Math.round((scrollY / way) * 100) : 100);
              if (here === watched) send("custom", goal);
            }, goal.delay as number);
        }
      },
      { threshold: threshold as number },
    );
    observer.observe(element);
  });

/** Another page is shown: each of its elements may fire again. */
export const rewatchScrollGoals = () => {
  watched = [];
  watchScrollGoals();
};
