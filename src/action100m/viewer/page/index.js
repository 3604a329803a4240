/* Filter the list by what stands in its rows. */

const rows = [...document.querySelectorAll(".videos > li")].map((row) => [row, row.textContent.toLowerCase()]);
const query = document.getElementById("query");

function filter() {
  const wanted = query.value.trim().toLowerCase();
  for (const [row, text] of rows) row.hidden = !text.includes(wanted);
  const left = rows.filter(([row]) => !row.hidden).length;
  document.getElementById("hits").textContent = wanted ? `${left} of ${rows.length}` : "";
}

query.addEventListener("input", filter);
query.form.addEventListener("submit", (event) => event.preventDefault());
