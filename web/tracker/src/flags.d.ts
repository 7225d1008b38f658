/** Set by the build: script.hash.js. */
declare const HASH: boolean;
/** Set by the build: script.cookieless.js. */
declare const COOKIELESS: boolean;
