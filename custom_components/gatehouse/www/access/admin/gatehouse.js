/** What administrators ask of Gatehouse on the access card. */

/** Have a door go by a mode; `wish` has until or duration, if it is to end. Administrators only. */
export function setMode(hass, door, mode, wish = {}) {
  return hass.callWS({ type: "gatehouse/access/mode", door, mode, ...wish });
}

/** Say what a door asks for: `rules` has verify, antipassback. Administrators only. */
export function setRules(hass, door, rules) {
  return hass.callWS({ type: "gatehouse/access/door/rules", door, ...rules });
}

/** Let something go before what any door says, or nothing. Administrators only. */
export function setSite(hass, mode) {
  return hass.callWS({ type: "gatehouse/access/site", mode });
}

/** Return the people, with what they show at doors. Administrators only. */
export async function listUsers(hass) {
  return (await hass.callWS({ type: "gatehouse/access/users" })).users;
}

/** Keep somebody, new without user_id; what is not said stays as it is. Administrators only. */
export function saveUser(hass, user) {
  return hass.callWS({ type: "gatehouse/access/user/save", ...user });
}

/** Forget somebody, with what they show. Administrators only. */
export function deleteUser(hass, user) {
  return hass.callWS({ type: "gatehouse/access/user/delete", user_id: user });
}

/** Keep a card or PIN, new without credential_id. Administrators only. */
export function saveCredential(hass, credential) {
  return hass.callWS({ type: "gatehouse/access/credential/save", ...credential });
}

/** Take a card or PIN from somebody. Administrators only. */
export function deleteCredential(hass, credential) {
  return hass.callWS({ type: "gatehouse/access/credential/delete", credential_id: credential });
}

/** Return the next card that is shown at a door, and whose it is; it opens nothing. Administrators only. */
export function enroll(hass, door, seconds) {
  return hass.callWS({ type: "gatehouse/access/enroll", door, seconds });
}

/** Have readers of a door learn no more. Administrators only. */
export function cancelEnrollment(hass, door) {
  return hass.callWS({ type: "gatehouse/access/enroll/cancel", door });
}

/** Return the schedules. Administrators only. */
export async function listSchedules(hass) {
  return (await hass.callWS({ type: "gatehouse/access/schedules" })).schedules;
}

/** Keep a schedule, new without schedule_id. Administrators only. */
export function saveSchedule(hass, schedule) {
  return hass.callWS({ type: "gatehouse/access/schedule/save", ...schedule });
}

/** Forget a schedule that nobody needs. Administrators only. */
export function deleteSchedule(hass, schedule) {
  return hass.callWS({ type: "gatehouse/access/schedule/delete", schedule_id: schedule });
}

/** Return the holidays. Administrators only. */
export async function listHolidays(hass) {
  return (await hass.callWS({ type: "gatehouse/access/holidays" })).holidays;
}

/** Keep a holiday, new without holiday_id. Administrators only. */
export function saveHoliday(hass, holiday) {
  return hass.callWS({ type: "gatehouse/access/holiday/save", ...holiday });
}

/** Forget a holiday. Administrators only. */
export function deleteHoliday(hass, holiday) {
  return hass.callWS({ type: "gatehouse/access/holiday/delete", holiday_id: holiday });
}

/** Return the doors that go together. Administrators only. */
export async function listGroups(hass) {
  return (await hass.callWS({ type: "gatehouse/access/groups" })).door_groups;
}

/** Keep doors together, new without door_group_id. Administrators only. */
export function saveGroup(hass, group) {
  return hass.callWS({ type: "gatehouse/access/group/save", ...group });
}

/** Let doors go together no more. Administrators only. */
export function deleteGroup(hass, group) {
  return hass.callWS({ type: "gatehouse/access/group/delete", door_group_id: group });
}

/** Return a page of what happened; `wish` has what is asked, and before for the next. Administrators only. */
export function listPassages(hass, limit, wish) {
  return hass.callWS({ type: "gatehouse/access/log", limit, ...wish });
}

/** Return the incidents between two moments, newest first; pictures in it hold for an hour. */
export async function listIncidents(hass, since, until) {
  return (await hass.callWS({ type: "gatehouse/incidents/list", since, until })).incidents;
}

/** Return all of the log that is asked for as a file for spreadsheets. Administrators only. */
export async function fetchLog(hass, { doors = [], users = [], kinds = [], ...times }) {
  const asked = new URLSearchParams({ format: "csv", ...times });
  for (const [name, values] of [["door", doors], ["user", users], ["kind", kinds]]) {
    for (const value of values) asked.append(name, value);
  }
  const answer = await hass.fetchWithAuth(`/api/gatehouse/access/log?${asked}`);
  if (!answer.ok) throw new Error((await answer.json()).message);
  return answer.blob();
}
