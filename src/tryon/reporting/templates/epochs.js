// Without a script all epochs stand below one another; with it a slider shows one at a time.
document.querySelectorAll(".epochs").forEach((box) => {
  const figures = Array.from(box.querySelectorAll("figure"));
  if (figures.length < 2) return;
  const slider = document.createElement("input");
  const label = document.createElement("label");
  const text = document.createElement("span");
  slider.type = "range";
  slider.min = 0;
  slider.max = figures.length - 1;
  slider.value = figures.length - 1;
  label.append(text, slider);
  const show = () => {
    figures.forEach((figure, index) => { figure.hidden = index !== Number(slider.value); });
    text.textContent = figures[slider.value].querySelector("figcaption").textContent;
    slider.setAttribute("aria-valuetext", text.textContent);
  };
  slider.addEventListener("input", show);
  box.prepend(label);
  show();
});
