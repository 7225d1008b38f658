export function script(flags?: { hash?: boolean; cookieless?: boolean }): Promise<string>;
