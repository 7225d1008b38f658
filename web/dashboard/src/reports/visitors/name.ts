// A visitor without a profile has only an id; a short form of it is its name.

export const visitorName = (visitorId: string) => `Visitor ${visitorId.slice(0, 8)}`;
