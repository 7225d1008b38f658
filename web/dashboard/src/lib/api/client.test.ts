import { afterEach, expect, it, vi } from "vitest";
import { ApiError, messageOf, onSignedOut, request } from "./client";

afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, body: unknown) =>
  vi.stubGlobal("fetch", async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status }));

it("gives the envelope of a success", async () => {
  answer(200, { status: "success", data: [1], pagination: { total: 1 } });
  expect(await request("GET", "/x")).toMatchObject({ data: [1], pagination: { total: 1 } });
});

it("throws what the server says, with status and reason", async () => {
  answer(400, { status: "error", error: { code: 400, message: "code: is missing", reason: "code_required" } });
  await expect(request("POST", "/x")).rejects.toMatchObject({ message: "code: is missing", status: 400, reason: "code_required" });
});

it("has words for an answer that is no envelope, and for none", async () => {
  answer(502, "<html>");
  await expect(request("GET", "/x")).rejects.toThrow("The server answered 502");
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
  const error = await request("GET", "/x").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(messageOf(error)).toContain("cannot be reached");
});

it("tells that the sign-in has ended", async () => {
  const listener = vi.fn();
  const stop = onSignedOut(listener);
  answer(401, { status: "error", error: { code: 401, message: "Missing or invalid API key" } });
  await request("GET", "/x").catch(() => undefined);
  stop();
  await request("GET", "/x").catch(() => undefined);
  expect(listener).toHaveBeenCalledTimes(1);
});
