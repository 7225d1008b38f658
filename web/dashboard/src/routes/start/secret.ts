/** The one-time secret of a link; it stands in the fragment, which no server log sees. */
export const linkSecret = () => location.hash.slice(1);
